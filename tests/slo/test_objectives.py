"""Objectives: error budgets burn, are used up, and are right when little or nothing happens."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apivitals.objectives import Objectives, from_mapping
from apivitals.slo.objective import burning, objectives_of
from apivitals.slo.plan import CannotGenerateError, plan_of
from tests.slo.tables import QUIET, check_table, kinds
from tests.support.promtool import Case
from tests.support.traffic import BOUNDS, series, served, target

UP = target()
FAST, SLOW = {"tier": "fast", "slo": "availability"}, {"tier": "slow", "slo": "availability"}
SLOW_ANSWERS = {"tier": "fast", "objective": "99% within 1s"}


def failing(good="0+30x60", bad="0+5x60", **labels):
    return UP | served(good, **labels) | served(bad, status="500", error="500", **labels)


def too_slow(good="0+30x60", bad="0+10x60"):
    return UP | served(good) | served(bad, 1.5, route="/slow")


FAST_TABLE = {
    "ApiAvailabilityBudgetBurn": [
        Case("fires", failing(), "15m", 1, {**FAST, "priority": "critical", "severity": "critical"}),
        Case("all fail", UP | served("0+5x60", status="500", error="500"), "15m", 1),
        Case("goes on after a restart", failing("0+30x15 0+30x60", "0+5x15 0+5x60"), "15m", 1),
        Case("a class that may wait", failing(priority="low"), "15m", 1, {"severity": "warning"}),
        Case("quiet", failing("0+900x60", "0+1x60"), "15m", QUIET),
        Case("over", failing("0+30x120", "0+5x20 100x100"), "50m", QUIET),
        Case("idle", failing("900x60", "90x60"), "15m", QUIET),
        Case("idle afterwards", failing("0+30x10 300x120", "0+5x10 50x120"), "50m", QUIET),
        Case("missing", UP, "15m", QUIET),
        Case("no series of errors", UP | served("0+30x60"), "15m", QUIET),
        Case("restart", failing("9000+30x15 0+30x60", "900x15 0x60"), "15m", QUIET),
        Case("little traffic, four failures", failing("0x9 0+1x4 4x90", "0x9 0+1x4 4x90"), "15m", QUIET),
        Case("little traffic, five failures", failing("0x9 0+1x5 5x90", "0x9 0+1x5 5x90"), "15m", 1),
    ]
}
LATENCY_TABLE = {
    "ApiLatencyBudgetBurn": [
        Case("fires", too_slow(), "15m", 1, {**SLOW_ANSWERS, "slo": "latency", "severity": "critical"}),
        Case("quiet", too_slow("0+900x60", "0+1x60"), "15m", QUIET),
        Case("idle", too_slow("900x60", "90x60"), "15m", QUIET),
        Case("missing", UP, "15m", QUIET),
        Case("restart", too_slow("9000+30x15 0+30x60", "900x15 0x60"), "15m", QUIET),
        Case("no bucket to tell", UP | served("0+30x60", 1.5, bounds=(0.1, 0.5, 5.0)), "15m", QUIET),
        Case("fast failures are no slow answers", failing("0+30x60", "0+30x60"), "15m", QUIET),
    ]
}


def recorded(ratio_long, ratio_short, bad="9x60"):
    every = {"instance": "", "priority": "critical", "slo": "availability", "objective": "99.9%"}
    given: dict[str, str] = {}
    for long, short in (("1d", "2h"), ("3d", "6h")):
        given |= series(f"job_priority:slo_errors:ratio_rate{long}", f"{ratio_long}x60", every)
        given |= series(f"job_priority:slo_errors:ratio_rate{short}", f"{ratio_short}x60", every)
    return given | series("job_priority:slo_bad_requests:increase2m", bad, every)


SLOW_TABLE = {
    "ApiAvailabilityBudgetBurn": [
        Case("fires", recorded(0.0035, 0.004), "25m", 1, {**SLOW, "severity": "warning"}),
        Case("three days at a bit more than allowed", recorded(0.0012, 0.0011), "25m", 1, SLOW),
        Case("quiet", recorded(0.0009, 0.004), "25m", QUIET),
        Case("over", recorded(0.0035, 0.0001), "25m", QUIET),
        Case("few", recorded(0.0035, 0.004, "1x3 0x60"), "25m", QUIET),
    ]
}


def test_fast_burn():
    check_table(FAST_TABLE, matching=FAST)
    assert kinds(FAST_TABLE) == []


def test_latency_burn():
    check_table(LATENCY_TABLE, matching=SLOW_ANSWERS)
    assert kinds(LATENCY_TABLE) == []


def test_slow_burn():
    check_table(SLOW_TABLE, matching=SLOW)


def test_what_it_says():
    case = Case("fires", failing(), "15m", 1)
    matching = {**FAST, "priority": "critical"}
    found = check_table({"ApiAvailabilityBudgetBurn": [case]}, matching=matching, texts=True)
    said = found["ApiAvailabilityBudgetBurn"]["fires"][0].annotations
    assert said["summary"] == "critical-priority requests of shop: 14.29% failed in 1h, objective 99.9%"
    assert "of the error budget of 30d is left; it burns 142.86 times faster than allowed" in said["description"]
    assert said["description"].endswith("Look first at 500 in POST /pay, 0.17/s.")


OWN = {
    "routes": {
        "GET /pay/{id}": {"class": "high", "availability_percent": 99},
        "/pay/*": {"latency": [], "objectives": True},
    }
}


def test_a_route_with_objectives_of_its_own():
    matching = {"pattern": "GET /pay/{id}", "tier": "fast"}
    cases = [
        Case("fires", failing(route="/pay/{id}", method="GET"), "15m", 1, {"http_route": "/pay/{id}"}),
        Case("another method", failing(route="/pay/{id}"), "15m", QUIET),
    ]
    check_table({"ApiAvailabilityBudgetBurn": cases}, OWN, matching=matching)


def test_the_first_pattern_that_fits_has_the_route():
    matching = {"pattern": "/pay/*", "tier": "fast"}
    cases = [
        Case("another method", failing(route="/pay/{id}"), "15m", 1, {"http_request_method": "POST"}),
        Case("another route", failing(route="/pay/all", method="GET"), "15m", 1),
        Case("the earlier pattern's", failing(route="/pay/{id}", method="GET"), "15m", QUIET),
        Case("no route", failing(route=""), "15m", QUIET),
    ]
    check_table({"ApiAvailabilityBudgetBurn": cases}, OWN, matching=matching)


AGREEMENT = {
    "p95_seconds": (too_slow(), too_slow("0+300x60", "0+3x60")),
    "p99_seconds": (
        UP | served("0+300x60") | served("0+9x60", 4.0, route="/slow"),
        UP | served("0+300x60") | served("0+1x60", 4.0, route="/slow"),
    ),
    "error_rate_percent": (failing(), failing("0+900x60", "0+5x60")),
}


@pytest.mark.parametrize("target_name", AGREEMENT)
def test_agreement(target_name):
    breached, met = AGREEMENT[target_name]
    few = UP | served("0 1 2x60", 5) | served("0 1 2x60", status="500", error="500", route="/x")
    cases = [
        Case("fires", breached, "25m", 1, {"target": target_name, "severity": "warning"}),
        Case("quiet", met, "25m", QUIET),
        Case("idle", UP | served("900x60", 5), "25m", QUIET),
        Case("missing", UP, "25m", QUIET),
        Case("restart", UP | served("9000+30x15 0+30x60"), "25m", QUIET),
        Case("few", few, "25m", QUIET),
    ]
    check_table({"ApiSlaBreached": cases}, matching={"target": target_name})


def test_availability_of_the_agreement():
    def counted(bad, every="100x400"):
        of_job = {"job": "shop", "instance": ""}
        requests = series("job:http_requests:increase2m", every, of_job)
        return requests | series("job:http_errors:increase2m", bad, of_job)

    cases = [
        Case("fires", counted("1x400"), "30h", 1, {"target": "availability_percent"}),
        Case("quiet", counted("0.05x400"), "30h", QUIET),
        Case("idle", counted("0x400", "0x400"), "30h", QUIET),
        Case("missing", {}, "30h", QUIET),
        Case("not a day yet", counted("1x400"), "20h", QUIET),
    ]
    check_table({"ApiSlaBreached": cases}, matching={"target": "availability_percent"}, interval="5m")


@given(
    percent=st.decimals(Decimal("0.001"), Decimal("99.999"), places=3),
    days=st.integers(7, 92),
)
def test_no_tier_is_unfireable(percent, days):
    plan = plan_of(from_mapping({"classes": {"high": {"availability_percent": percent}}, "slo_window_days": days}))
    objective = next(one for one in objectives_of(plan) if one.percent == percent)
    tiers = list(burning(objective, days))
    assert all(objective.budget <= tier.ratio < 1 for tier in tiers)
    ratios = [tier.ratio for tier in tiers]
    assert ratios == sorted(ratios, reverse=True)


def test_factors_are_the_workbooks():
    objective = next(objectives_of(plan_of(Objectives())))
    assert [tier.ratio for tier in burning(objective, 30)] == [
        Decimal(text) for text in ("0.0144", "0.006", "0.003", "0.001")
    ]
    assert next(burning(objective, 60)).ratio == Decimal("0.0288")
    assert [tier.ratio for tier in burning(objective, 7)][2:] == [Decimal("0.001")] * 2


def test_scrapes_that_are_too_far_apart():
    with pytest.raises(CannotGenerateError, match=r"scrape_interval_seconds = 90: .* give 75 or less"):
        plan_of(from_mapping({"scrape_interval_seconds": 90}))


def test_bounds_of_the_tests_are_those_of_the_objectives():
    assert set(Objectives().thresholds_seconds()) <= set(BOUNDS)
