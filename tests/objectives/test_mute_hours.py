"""Mute hours as the settings file has them."""

import pytest
from pydantic import ValidationError

from apivitals.objectives.mute_hours import DAYS, MuteHours


def hours(**given):
    return MuteHours.model_validate(given)


def test_without_anything_they_are_always():
    assert (hours().days, hours().start, hours().end, hours().time_zone) == (DAYS, "00:00", "24:00", "UTC")


def test_what_is_critical_is_muted_only_if_told_to():
    assert hours().severities == ("warning", "info")
    assert hours(severities=["critical", "info"]).severities == ("critical", "info")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sunday", ["sunday"]),
        ("Mon-Wed", ["monday", "tuesday", "wednesday"]),
        ("saturday - monday", ["monday", "saturday", "sunday"]),
        (["sunday", "tue"], ["tuesday", "sunday"]),
        (["mon-tue", "fri"], ["monday", "tuesday", "friday"]),
    ],
)
def test_days_and_ranges_of_days(given, expected):
    assert list(hours(days=given).days) == expected


@pytest.mark.parametrize(("given", "expected"), [("8:05", "08:05"), ("22:00", "22:00"), (1320, "22:00"), (0, "00:00")])
def test_times_with_and_without_quotes(given, expected):
    """YAML 1.1 reads 22:00 without quotes as 1320."""
    assert hours(start=given).start == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"start": "25:00"}, "give a time of day"),
        ({"end": "24:01"}, "give a time of day"),
        ({"start": 2000}, "give a time of day"),
        ({"start": True}, "give a time of day"),
        ({"start": "08:00", "end": "8:00"}, "the same time"),
        ({"start": "24:00"}, "the same time"),
        ({"days": "someday"}, "'someday' is no day"),
        ({"days": "mon-tue-wed"}, "is no day"),
        ({"days": []}, "give at least one day"),
        ({"time_zone": "Mars/Olympus"}, "'Mars/Olympus' is no time zone"),
        ({"from": "22:00"}, "Extra inputs"),
        ({"severities": ["none"]}, "'critical', 'warning' or 'info'"),
    ],
)
def test_what_is_wrong_is_said(given, message):
    with pytest.raises(ValidationError) as caught:
        hours(**given)
    (problem,) = caught.value.errors()
    assert message in problem["msg"]
