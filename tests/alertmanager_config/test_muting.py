"""Mute hours: when they are, and that a real Alertmanager keeps quiet in them."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from apivitals.alertmanager_config.muting import named_intervals
from apivitals.objectives.mute_hours import DAYS, MuteHours
from tests.alertmanager_config.files import AT_ONCE, told, written
from tests.support.alertmanager import alertmanager
from tests.support.servers import eventually
from tests.support.sinks import http_sink

ALWAYS = {"days": "monday-sunday"}
ERRORS = {"alertname": "ApiErrorRateHigh", "job": "shop", "priority": "high"}
MONDAY = datetime(2024, 1, 1)  # noqa: DTZ001  # a clock on a wall, as mute hours have it


def covers(interval, moment):
    """Whether Alertmanager's interval has the moment, by its documentation."""
    days = interval.get("weekdays", DAYS)
    times = interval.get("times", [{"start_time": "00:00", "end_time": "24:00"}])
    now = f"{moment:%H:%M}"
    return DAYS[moment.weekday()] in days and any(one["start_time"] <= now < one["end_time"] for one in times)


def is_muted(hours, moment):
    """Whether the moment is in some day's hours, counted in minutes from that day's midnight."""
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in (hours.start, hours.end))
    for back in (0, 1):
        day = (moment - timedelta(days=back)).replace(hour=0, minute=0)
        if DAYS[day.weekday()] in hours.days:
            minutes = (moment - day) / timedelta(minutes=1)
            if start <= minutes < (end if end > start else end + 1440):
                return True
    return False


@given(
    days=st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
    start=st.integers(0, 1439),
    end=st.integers(0, 1440),
    minute=st.integers(0, 7 * 1440 - 1),
)
def test_intervals_are_the_hours(days, start, end, minute):
    if start == end:
        end = (start + 1) % 1440
    hours = MuteHours.model_validate({"days": days, "start": start, "end": end})
    moment = MONDAY + timedelta(minutes=minute)
    ((named),) = named_intervals([hours])
    assert any(covers(interval, moment) for interval in named["time_intervals"]) == is_muted(hours, moment)


def heard_of(http, name):
    return [posted.content for posted in http.posted if posted.content["commonLabels"].get("alertname") == name]


def test_warnings_wait_and_what_is_critical_does_not(tmp_path):
    with http_sink() as http:
        path = written(tmp_path, told({"webhook": {"url": http.url}}, ALWAYS), replace=AT_ONCE)
        with alertmanager(path) as running:
            for severity in ("warning", "info", "critical", "page"):
                running.fire({**ERRORS, "alertname": f"Api{severity}", "severity": severity})
            eventually(lambda: heard_of(http, "Apicritical") and heard_of(http, "Apipage"), "the others")
            running.fire({**ERRORS, "alertname": "Apilater", "severity": "critical"})
            eventually(lambda: bool(heard_of(http, "Apilater")), "what fired when all the others had been sent")
            assert len(running.alerts()) == 5
            assert not heard_of(http, "Apiwarning")
            assert not heard_of(http, "Apiinfo")


def test_what_is_critical_waits_if_told_to(tmp_path):
    with http_sink() as http:
        muted = {**ALWAYS, "severities": ["critical"]}
        path = written(tmp_path, told({"webhook": {"url": http.url}}, muted), replace=AT_ONCE)
        with alertmanager(path) as running:
            running.fire({**ERRORS, "alertname": "Apicritical", "severity": "critical"})
            running.fire({**ERRORS, "alertname": "Apiwarning", "severity": "warning"})
            eventually(lambda: bool(heard_of(http, "Apiwarning")), "the warning")
            running.fire({**ERRORS, "alertname": "Apilater", "severity": "warning"})
            eventually(lambda: bool(heard_of(http, "Apilater")), "what fired when the warning had been sent")
            assert len(running.alerts()) == 3
            assert not heard_of(http, "Apicritical")


def test_hours_that_are_not_now_mute_nothing(tmp_path):
    """An hour that begins twelve hours from now, on the clock of the time zone given."""
    begin = datetime.now().astimezone() + timedelta(hours=12)
    there = begin.utctimetuple()
    hours = {"start": f"{there.tm_hour:02}:00", "end": f"{there.tm_hour:02}:59", "time_zone": "Etc/UTC"}
    with http_sink() as http:
        path = written(tmp_path, told({"webhook": {"url": http.url}}, hours), replace=AT_ONCE)
        with alertmanager(path) as running:
            running.fire({**ERRORS, "severity": "warning"})
            eventually(lambda: bool(heard_of(http, "ApiErrorRateHigh")), "the warning")
