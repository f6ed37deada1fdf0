"""Alerts on change: they fire on it, and are silent until there is a past to compare with."""

import pytest

from tests.slo.tables import QUIET, alert_rules, check_table, gauge, kinds, recording_rules
from tests.support.promtool import Case, evaluated
from tests.support.traffic import series, served, target

UP = target("1x4000")
OF_CLASS = {"priority": "critical", "instance": ""}
OF_JOB = {"instance": ""}
HOURS = 12
"""Steps of five minutes."""
WEEK = 168 * HOURS
AT = "200h"


def p95(before, since, *, start=0):
    """p95 of an hour: `before` until an hour before AT, `since` from there on."""
    values = f"_x{start} {before}x{199 * HOURS - start} {since}x{2 * HOURS}"
    return UP | series("job_priority:http_response_time_seconds:p95_1h", values, OF_CLASS)


def recent(before, since, *, requests="3x100"):
    """Likewise, over five hours."""
    values = f"{before}x{4 * HOURS + 3} {since}x{HOURS}"
    return UP | series("job_priority:http_response_time_seconds:p95_1h", values, OF_CLASS) | asked(requests)


def asked(per_second="3x3000"):
    return series("job_priority:http_requests:rate5m", per_second, OF_CLASS)


DEGRADED = {
    "ApiResponseTimeDegraded": [
        Case("fires", recent(0.4, 0.9), "5h", 1, {"compared_with": "previous", "severity": "warning"}),
        Case("quiet", recent(0.4, 0.7), "5h", QUIET),
        Case("good anyway", recent(0.05, 0.4), "5h", QUIET),
        Case("idle", recent(0.4, 0.9, requests="0x100"), "5h", QUIET),
        Case("idle before", recent(0.4, 0.9, requests="0x46 3x100"), "5h", QUIET),
        Case("missing", UP | asked(), "5h", QUIET),
        Case("restart", recent(0.4, 0.4, requests="3x30 _x9 3x90"), "5h", QUIET),
        Case("no history", recent("_", 0.9), "5h", QUIET),
    ]
}


def band(expected, residual, now):
    """Traffic, with the expectation and the past deviations as they are recorded."""
    given = series("job:http_requests:expected", f"{expected}x500", OF_JOB)
    given |= series("job:http_requests:residual", residual, OF_JOB)
    return given | series("job:http_requests:rate5m", f"{expected}x400 {now}x100", OF_JOB)


STEADY = " ".join(["1 -1"] * 250)
ANOMALIES = {
    "ApiTrafficAnomaly": [
        Case("fires", band(20, STEADY, 60), "36h", 1, {"side": "high", "severity": "info"}),
        Case("far too little", band(20, STEADY, 5), "36h", 1, {"side": "low", "severity": "warning"}),
        Case("quiet", band(20, STEADY, 24), "36h", QUIET),
        Case("as irregular as ever", band(20, " ".join(["9 -9"] * 250), 40), "36h", QUIET),
        Case("idle", band(0.01, STEADY, 0), "36h", QUIET),
        Case("missing", {}, "36h", QUIET),
        Case("restart", band(20, "1 -1 " * 100 + "_x2 " + "1 -1 " * 140, 21), "36h", QUIET),
        Case("not a day yet", band(20, f"_x300 {STEADY}", 60), "36h", QUIET),
    ]
}


def test_degradation():
    check_table(DEGRADED, interval="5m", matching={"priority": "critical"})
    assert kinds(DEGRADED) == []


WEEKLY = {"compared_with": "week", "priority": "critical"}


def test_degradation_since_last_week():
    name = "job_priority:http_component_seconds:mean_5m"
    grown = series(name, "0.1x2388 0.5x24", OF_CLASS, component="database")
    grown |= series(name, "0.3x2600", OF_CLASS, component="endpoint")
    case = Case("fires", p95(0.4, 0.9) | asked() | grown, AT, 1)
    found = check_table({"ApiResponseTimeDegraded": [case]}, interval="5m", matching=WEEKLY)
    said = found["ApiResponseTimeDegraded"]["fires"][0].annotations["description"]
    assert said == (
        "The p95 of the last hour is 900ms; in the same hour last week it was 400ms."
        " Look first at database: 400ms more per request than a week ago. What was deployed since?"
    )


@pytest.mark.parametrize(
    ("values", "degraded"),
    [(p95(0.4, 0.9), True), (p95(0.4, 0.7), False), (p95(0.4, 0.9, start=100 * HOURS), False), ({}, False)],
)
def test_degradation_needs_a_week(values, degraded):
    expr = alert_rules("ApiResponseTimeDegraded", WEEKLY)[0].expr
    assert bool(evaluated(expr, values | asked(), AT)) is degraded


def test_anomalies():
    check_table(ANOMALIES, interval="5m")
    assert kinds(ANOMALIES) == []


@pytest.mark.parametrize(
    ("weeks", "expected"),
    [
        ((10, 10, 10, 99), [10]),
        ((10, 10, 99, 10), [10]),
        ((10, 99, 10, 10), [10]),
        ((99, 99, 99, 10), [99]),
        (("_", "_", 20, 10), [20]),
        (("_", "_", "_", 10), []),
    ],
)
def test_expected_is_the_median_of_the_weeks_there_are(weeks, expected):
    """A week in which everything was different is one of three."""
    values = " ".join(f"{week}x{WEEK - (week != '_')}" for week in weeks)
    rule = next(rule for rule in recording_rules() if rule.record == "job:http_requests:expected")
    found = evaluated(rule.expr, series("job:http_requests:rate5m", values, OF_JOB), f"{3 * 168 + 80}h")
    assert found == [({"job": "shop"}, value) for value in expected]


STOPPED = {
    "ApiTrafficStopped": [
        Case("fires", UP | served("0+30x250 7500x100"), "140m", 1, {"severity": "critical"}),
        Case("none since a restart", UP | served("0+30x250 stale"), "140m", 1),
        Case("quiet", UP | served("0+30x400"), "140m", QUIET),
        Case("idle", UP | served("500x400"), "140m", QUIET),
        Case("hardly any before", UP | served("0+1x250 250x100"), "140m", QUIET),
        Case("missing", UP, "140m", QUIET),
        Case("restart", UP | served("0+30x250 0+30x100"), "140m", QUIET),
        Case("down", target("1x250 0x100") | served("0+30x250 stale"), "140m", QUIET),
        Case("not an hour yet", UP | served("0+30x100 3000x60"), "65m", QUIET),
    ]
}


def test_traffic_that_stops():
    check_table(STOPPED)
    assert kinds(STOPPED) == []


DISK = {"system_filesystem_mountpoint": "/data", "system_device": "sdb", "system_filesystem_type": "ext4"}
USED, MEMORY = "system_filesystem_utilization", "apivitals_memory_utilization"


def rising(metric, start, step, labels, *, steps=300):
    return UP | series(metric, f"{start}+{step}x{steps}", labels)


FORECASTS = {
    "ApiDiskFullSoon": [
        Case("fires", rising(USED, 0.5, 0.002, DISK), "8h", 1, {"system_filesystem_mountpoint": "/data"}),
        Case("quiet", rising(USED, 0.6, 0.0005, DISK), "8h", QUIET),
        Case("idle", UP | series(USED, "0.95x300", DISK), "8h", QUIET),
        Case("half empty", rising(USED, 0.05, 0.003, DISK), "8h", QUIET),
        Case("no history", UP | series(USED, "_x90 0.7+0.01x20", DISK), "8h", QUIET),
        Case("missing", UP, "8h", QUIET),
        Case("restart", UP | series(USED, "0.5+0.002x80 0.1x200", DISK), "9h", QUIET),
    ],
    "ApiMemoryFullSoon": [
        Case("fires", rising(MEMORY, 0.5, 0.007, {"limit": "host"}), "3h", 1),
        *gauge(MEMORY, 0.99, 0.7, at="3h", limit="host")[1:],
        Case("no history", UP | series(MEMORY, "_x30 0.7+0.02x20", {"limit": "host"}), "3h", QUIET),
    ],
}


def test_forecasts():
    check_table(FORECASTS, interval="5m")
    assert kinds(FORECASTS) == []


def budget(remaining, seconds, ratio, *, hours=30, bad="5x400"):
    labels = {**OF_CLASS, "slo": "availability", "objective": "99.9%"}
    name = "job_priority:slo"
    return (
        series(f"{name}_error_budget:remaining", f"{remaining}x400", labels)
        | series(f"{name}_error_budget:exhaustion_seconds", f"{seconds}x400", labels)
        | series(f"{name}_errors:ratio_rate6h", f"{ratio}x400", labels)
        | series(f"{name}_bad_requests:increase2m", bad, labels)
        | series(f"{name}_requests:increase2m", f"_x{(30 - hours) * HOURS} 900x400", labels)
    )


BUDGETS = {
    "ApiBudgetExhaustedSoon": [
        Case("fires", budget(0.3, 100_000, 0.004), "30h", 1, {"slo": "availability", "severity": "warning"}),
        Case("used up", budget(-0.3, 0, 0.004), "30h", 1),
        Case("quiet", budget(0.3, 500_000, 0.002), "30h", QUIET),
        Case("more than half is left", budget(0.8, 100_000, 0.004), "30h", QUIET),
        Case("over", budget(0.3, 100_000, 0.0001), "30h", QUIET),
        Case("idle", budget(0.3, 100_000, 0.004, bad="0x400"), "30h", QUIET),
        Case("missing", {}, "30h", QUIET),
        Case("restart", budget(0.9, 900_000, 0.0005), "30h", QUIET),
        Case("no history", budget(-5, 0, 0.004, hours=9), "30h", QUIET),
    ]
}


def test_budgets():
    check_table(BUDGETS, interval="5m", matching={"priority": "critical", "slo": "availability"})
    assert kinds(BUDGETS) == []
