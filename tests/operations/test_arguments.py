"""A wrong argument is one clear error, where it is written; too many names are not."""

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from apivitals.catalog import Metric, gen_ai, operation
from apivitals.operations.cache import cache_hit, cache_miss
from apivitals.operations.inference import inference
from apivitals.operations.meter import Operations
from apivitals.operations.track import record, track
from tests.operations.recorded import DURATION
from tests.support.families import distributions, numbers


class NotAFunction:
    """Nothing to call."""


untyped: Any = SimpleNamespace(
    track=track, record=record, cache_hit=cache_hit, cache_miss=cache_miss, inference=inference
)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: untyped.track(5), TypeError, 'the name of an operation is a string, not 5: "resize"'),
        (lambda: untyped.track(["x"]), TypeError, "the name of an operation is a string, not ['x']"),
        (
            lambda: untyped.track(print),
            TypeError,
            "the name of an operation is a string, not <built-in function print>",
        ),
        (lambda: untyped.track(""), ValueError, "the name of an operation cannot be empty"),
        (
            lambda: untyped.track("x", component=""),
            ValueError,
            'a component cannot be empty: "database" or "video", or leave',
        ),
        (lambda: untyped.track("x", component=1), TypeError, "a component is a string, not 1"),
        (lambda: untyped.track("x")(NotAFunction()), TypeError, "a function can be tracked, and <"),
        (lambda: untyped.track("x")(NotAFunction), TypeError, "a function can be tracked, and <class"),
        (lambda: untyped.track("x")(staticmethod(len)), TypeError, "track len below @staticmethod, not above it"),
        (lambda: untyped.track("x")(classmethod(repr)), TypeError, "track repr below @classmethod, not above it"),
        (lambda: untyped.record("", 1.0), ValueError, "the name of an operation cannot be empty"),
        (
            lambda: untyped.record("x", -1.0),
            ValueError,
            "a finite number that is not negative, not -1.0",
        ),
        (lambda: untyped.record("x", float("nan")), ValueError, "not nan"),
        (lambda: untyped.record("x", "1"), TypeError, "a duration in seconds is a number, not '1'"),
        (lambda: untyped.record("x", 1.0, items=-1), ValueError, "a number of items is a finite number"),
        (lambda: untyped.record("x", 1.0, error_type=None), TypeError, 'error_type is a string, not None: "Timeout"'),
        (lambda: untyped.cache_hit(""), ValueError, "the name of a cache cannot be empty"),
        (lambda: untyped.cache_miss(None), TypeError, 'the name of a cache is a string, not None: "sessions"'),
        (
            lambda: untyped.inference(provider=None),
            TypeError,
            'provider is a string, not None; leave it out or give ""',
        ),
        (lambda: untyped.inference(feature=1), TypeError, "feature is a string, not 1"),
    ],
)
def test_wrong_argument(wrong, error, message, recorded):
    with pytest.raises(error) as caught:
        wrong()
    assert message in str(caught.value)
    assert caught.value.__context__ is None
    assert list(recorded.store.collect()) == []


def test_names_past_the_limit_are_other():
    code = """
from apivitals.operations.inference import inference
from apivitals.operations.meter import OPERATIONS
from apivitals.operations.track import record, track

for number in range(150):
    with track(f"user-{number}"):
        pass
    record("upload", 1.0, component=f"part-{number}", error_type=f"Error{number}")
    with inference(model=f"model-{number}"):
        pass
with track("database"):
    pass
with track("a" * 1000, component="cache"):
    pass
counted = {}
for family in OPERATIONS.collect():
    for point in family.points:
        for name, value in zip(family.label_names, point.labels):
            counted.setdefault(name, set()).add(value)
print({name: len(values) for name, values in counted.items()})
print(sorted(counted["component"])[0], "database" in counted["component"], max(map(len, counted["name"])))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    counts, rest = done.stdout.splitlines()
    assert counts == str(
        {
            "name": 101,
            "component": 103,  # and those that are there anyway: database, cache
            "error_type": 102,  # and none
            "gen_ai_operation_name": 1,
            "gen_ai_provider_name": 1,
            "gen_ai_request_model": 101,
            "feature": 1,
        }
    )
    assert rest == "_OTHER True 7"


def test_the_limit_can_be_another():
    operations = Operations()
    operations.limit_values(2)
    assert [operations.named(name, None) for name in ("one", "two", "three", "one", "database")] == [
        ("one", "one"),
        ("two", "two"),
        ("_OTHER", "_OTHER"),
        ("one", "one"),
        ("_OTHER", "database"),
    ]
    assert operations.named("three", "database") == ("_OTHER", "database")
    operations.limit_values(3)
    assert operations.named("three", None)[0] == "three"


def test_long_names_are_cut():
    operations = Operations()
    assert operations.named("a" * 1000, "b" * 1000) == ("a" * 128, "b" * 128)
    operations.durations["a" * 1000, "c", ""].observe(1.0, None)
    assert set(distributions(operations.collect())) == {(DURATION, "a" * 128, "c", "")}


def test_every_metric_has_a_table():
    operations = Operations()
    operations.durations["a", "a", ""].observe(1.0, None)
    operations.items["a", "a"].add(1.0)
    operations.cache_requests["a", "hit"].add(1.0)
    operations.model_durations["a", "a", "a", "a", ""].observe(1.0, None)
    operations.first_chunks["a", "a", "a", "a"].observe(1.0, None)
    operations.tokens["a", "a", "a", "a", "input"].observe(1.0, None)
    families = list(operations.collect())
    assert {family.metric for family in families} == {
        value for page in (operation, gen_ai) for value in vars(page).values() if isinstance(value, Metric)
    }
    assert all(value == 1.0 for value in numbers(families).values())
