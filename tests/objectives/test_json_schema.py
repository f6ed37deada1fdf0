"""What an editor says of a file: what is right is right, and what the loader refuses by its form is wrong."""

import jsonschema
import pytest

from apivitals.objectives import from_mapping
from apivitals.objectives.json_schema import json_schema
from apivitals.settings import Settings

SCHEMA = json_schema()
EDITOR = jsonschema.Draft202012Validator(SCHEMA)
SLACK = {"api_url_file": "/etc/slack"}


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_key_of_a_file_is_in_it_with_its_description():
    assert SCHEMA["properties"].keys() >= Settings.model_fields.keys() - Settings.only_arguments
    assert not SCHEMA["properties"].keys() & Settings.only_arguments
    assert all(key["description"] for key in SCHEMA["properties"].values())


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"metrics_path": False, "metrics_port": True, "blocked_loop_seconds": "off", "libraries": ["redis"]},
        {"metrics_port": 9000, "libraries": "auto", "metrics_token": "x", "duration_bounds_seconds": [0.1, 1]},
        {"classes": {"low": {"response_time_seconds": {"good": 4}, "latency": False}}},
        {"routes": {"/x": "low", "/y": {"class": "low", "objectives": False}, "/z": {"minimum_bad_events": 2}}},
        {"thresholds": {"cpu_percent": 80, "gpu_percent": "off", "disk_percent": {"warning": False}}},
        {"receivers": {"slack": SLACK}},
        {"receivers": {"slack": [SLACK, SLACK | {"channel": "#a"}], "dead_mans_switch": "off"}},
        {"mute_hours": [{"days": "saturday-sunday", "start": "08:00"}]},
    ],
    ids=str,
)
def test_what_is_right(content):
    assert [error.message for error in EDITOR.iter_errors(content)] == []
    from_mapping(content)


@pytest.mark.parametrize(
    "content",
    [
        {"clases": {}},
        {"request_labels": "x"},
        {"classes": {"critcal": {}}},
        {"classes": {"low": {"availability_percent": 100}}},
        {"classes": {"low": {"latency": [{"percent": 90}]}}},
        {"classes": {"low": {"severities": {"fast": "urgent"}}}},
        {"routes": {"/x": "urgent"}},
        {"routes": {"/x": {"latncy": []}}},
        {"thresholds": {"cpu_percent": 101}},
        {"slo_window_days": 3},
        {"slo_window_days": "month"},
        {"receivers": {"slack": {"channel": "#a"}}},
        {"receivers": {"slak": SLACK}},
        {"metrics_path": "metrics"},
        {"series_limit": 0},
    ],
    ids=str,
)
def test_what_is_wrong(content):
    assert not EDITOR.is_valid(content)


def test_a_default_is_shown_as_the_file_would_have_it():
    low = SCHEMA["$defs"]["Classes"]["properties"]["low"]["default"]
    assert low["availability_percent"] == 99
    assert low["throughput"] == {"floor": "off", "rating": "off"}
    assert EDITOR.is_valid({"classes": {"low": low}})
