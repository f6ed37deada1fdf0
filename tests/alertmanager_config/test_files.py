"""What ships, and that Alertmanager's own checker takes it, and whatever else can be asked for."""

import subprocess
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apivitals.alertmanager_config import alertmanager_files
from apivitals.objectives.mute_hours import DAYS
from tests.alertmanager_config.files import told, written
from tests.support.servers import ROOT, needs

EVERYBODY: dict[str, Any] = {
    "pagerduty": {"routing_key_file": "/etc/alertmanager/pagerduty", "priorities": ["critical", "high"]},
    "slack": [
        {"api_url_file": "/etc/alertmanager/slack", "channel": "#incidents", "severities": "critical"},
        {"api_url_file": "/etc/alertmanager/slack"},
    ],
    "email": {
        "to": ["a@example.com", "b@example.com"],
        "from": "apivitals@example.com",
        "smarthost": "smtp.example.com:587",
        "username": "apivitals",
        "password_file": "/etc/alertmanager/smtp",
    },
    "webhook": {"url": "http://127.0.0.1:8000/-/alerts", "token_file": "/etc/alertmanager/token"},
    "dead_mans_switch": {"url": "https://hc.example.com/ping"},
}
NIGHTS = {"start": "22:00", "end": "07:00", "time_zone": "Europe/Berlin"}


def check(path):
    needs("amtool")
    done = subprocess.run(["amtool", "check-config", str(path)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("receivers", "mute_hours"), [({}, []), (EVERYBODY, []), (EVERYBODY, [NIGHTS])])
def test_amtool_takes_it(receivers, mute_hours, tmp_path):
    status, said = check(written(tmp_path, told(receivers, *mute_hours)))
    assert (status, said.count("SUCCESS")) == (0, 2), said  # of the configuration and the templates


def test_amtool_would_see_a_fault(tmp_path):
    """What makes the test above one that can fail."""
    status, _ = check(written(tmp_path, told(EVERYBODY), replace={"{{- end }}": "{{- ende }}"}))
    assert status != 0


def test_what_ships_is_what_the_code_makes():
    for name, text in alertmanager_files(told()).items():
        assert (ROOT / name).read_text() == text, f"{name} is not what `apivitals generate` makes"


def test_what_ships_needs_no_edit():
    status, said = check(ROOT / "alertmanager/alertmanager.yml")
    assert status == 0, said


def test_no_secret_is_in_the_file(tmp_path):
    content = yaml.safe_load(written(tmp_path, told(EVERYBODY)).read_text())

    def keys(value):
        if isinstance(value, dict):
            yield from value
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                yield from keys(item)

    secret = {"api_url", "routing_key", "service_key", "auth_password", "credentials", "bearer_token", "password"}
    found = set(keys(content["receivers"]))
    assert found & secret == set()
    assert {"api_url_file", "routing_key_file", "auth_password_file", "credentials_file"} <= found


def some(values):
    return st.lists(st.sampled_from(values), min_size=1, unique=True)


SEVERITIES, PRIORITIES = ("critical", "warning", "info"), ("critical", "high", "medium", "low")
WEBHOOKS = st.fixed_dictionaries(
    {"url": st.sampled_from(["http://127.0.0.1/x", "https://a.b/c?d=e&f={g}#h"])},
    optional={"severities": some(SEVERITIES), "priorities": some(PRIORITIES), "token_file": st.just("/a b/c")},
)
TIMES = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.integers(0, 59))
HOURS = st.fixed_dictionaries(
    {}, optional={"days": some(DAYS), "start": TIMES, "end": TIMES, "severities": some(SEVERITIES)}
).filter(lambda hours: hours.get("start", "00:00") != hours.get("end", "24:00"))


@given(webhooks=st.lists(WEBHOOKS, max_size=3), mute_hours=st.lists(HOURS, max_size=3))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_amtool_takes_whatever_is_asked_for(webhooks, mute_hours, tmp_path):
    status, said = check(written(tmp_path, told({"webhook": webhooks}, *mute_hours)))
    assert status == 0, said
