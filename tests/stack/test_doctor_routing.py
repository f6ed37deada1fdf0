"""`apivitals doctor` follows routes, says where it does not understand them, and looks at the clock."""

from datetime import datetime, timezone

import pytest

pytest.importorskip("yaml", reason="PyYAML is not installed")
pytest.importorskip("httpx", reason="the command line is an extra")

import yaml  # the skips above go first

from apivitals.alerts.client import Alertmanager
from apivitals.stack.doctor.alerting import alertmanager_checks
from apivitals.stack.doctor.routing import Routing
from tests.support.alertmanager import alertmanager

INTERVALS = [
    {"name": "always", "time_intervals": [{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]},
    {"name": "never", "time_intervals": [{"years": ["1999"]}]},
]


def configuration(intervals=INTERVALS, **child):
    return yaml.safe_dump(
        {
            "route": {"receiver": "nobody", "routes": [{"receiver": "webhook", **child}]},
            "receivers": [{"name": "nobody"}, {"name": "webhook", "webhook_configs": [{"url": "http://127.0.0.1:1"}]}],
            "time_intervals": intervals,
        }
    )


def names(matcher, **labels):
    return [one.name for one in Routing(configuration(matchers=[matcher])).receivers(labels)]


@pytest.mark.parametrize(
    ("matcher", "label"),
    [
        ('"foo bar"="x"', "foo bar"),
        ("foo.bar=x", "foo.bar"),
        ('{"foo.bar"="x"}', "foo.bar"),
        (r'"a \"b\""=~"x|y"', 'a "b"'),
        ("größe=x", "größe"),
    ],
)
def test_names_of_any_characters(matcher, label):
    assert names(matcher, **{label: "x"}) == ["webhook"]
    assert names(matcher, **{label: "z"}) == ["nobody"]


@pytest.mark.parametrize(
    ("matcher", "fitting"), [(r'n=~"\d+"', "12"), (r'n=~"a\\.b"', "a.b"), (r'n=~"a\.b"', "a.b"), (r'n="a\nb"', "a\nb")]
)
def test_a_backslash_is_one_before_what_it_does_not_escape(matcher, fitting):
    assert names(matcher, n=fitting) == ["webhook"]
    assert names(matcher, n="a-b") == ["nobody"]


def checks(text):
    with alertmanager(text) as server, Alertmanager(server.url) as client:
        return {one.name: one for one in alertmanager_checks(client, {"job": "shop"}, send=False)}


@pytest.mark.parametrize("child", [{"matchers": [r'job=~"\\p{Lu}.*"']}, {"match_re": {"job": r"\p{Lu}.*"}}])
def test_a_regular_expression_of_gos_alone_is_a_line(child):
    found = checks(configuration(**child))
    assert str(found["routing"]).startswith(
        r"warning  routing: it cannot be followed here: the regular expression \p{Lu}.* is not understood (bad escape"
    )
    assert found["test alert"].message == "it is not known where it would go"


@pytest.mark.parametrize(
    ("child", "why"),
    [
        ({"mute_time_intervals": ["never", "always"]}, "interval always"),
        ({"active_time_intervals": ["never"]}, "active"),
    ],
)
def test_who_is_muted_now_is_said(child, why):
    found = checks(configuration(**child))["routing"]
    assert found.status == "warning"
    assert found.message.startswith(f"critical alerts are muted now (critical: webhook (muted now: {why}")


@pytest.mark.parametrize("child", [{"mute_time_intervals": ["never"]}, {"active_time_intervals": ["never", "always"]}])
def test_who_is_not_muted_now_is_told(child):
    found = checks(configuration(**child))["routing"]
    assert (found.status, found.message) == ("ok", "critical: webhook; warning: webhook; info: webhook")


WEDNESDAY = datetime(2024, 2, 28, 21, 30, tzinfo=timezone.utc)  # of a year that has one day more


@pytest.mark.parametrize(
    ("span", "is_in"),
    [
        ({}, True),
        ({"times": [{"start_time": "21:30", "end_time": "21:31"}]}, True),
        ({"times": [{"start_time": "20:00", "end_time": "21:30"}]}, False),
        ({"times": [{"start_time": "22:00", "end_time": "24:00"}], "location": "Europe/Berlin"}, True),
        ({"weekdays": ["monday:friday"]}, True),
        ({"weekdays": ["saturday", "sunday"]}, False),
        ({"weekdays": ["Thursday"], "location": "Asia/Tokyo"}, True),
        ({"days_of_month": ["-2"]}, True),
        ({"days_of_month": ["-1", "1:27"]}, False),
        ({"days_of_month": ["27:-1"]}, True),
        ({"months": ["january:march"]}, True),
        ({"months": ["3:12"]}, False),
        ({"years": ["2020:2024"], "months": ["2"], "weekdays": ["wednesday"]}, True),
        ({"years": ["2023"], "months": ["2"]}, False),
    ],
)
def test_time_intervals(span, is_in):
    (one,) = muted_at_night(span).receivers({}, WEDNESDAY)
    assert one.muted_by == ("interval night" if is_in else "")


def test_a_time_zone_that_is_not_known():
    with pytest.raises(ValueError, match="the time zone Mars/Base is not known here"):
        muted_at_night({"location": "Mars/Base"}).receivers({}, WEDNESDAY)


def muted_at_night(span):
    night = [{"name": "night", "time_intervals": [span]}]
    return Routing(configuration(mute_time_intervals=["night"], intervals=night))
