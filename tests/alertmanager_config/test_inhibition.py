"""Which alerts keep which others quiet, in a real Alertmanager."""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import partial

import pytest

from apivitals.alertmanager_config.inhibition import THE_SAME_ALERT
from apivitals.objectives import Objectives
from apivitals.slo.generator import rule_files
from apivitals.slo.rule import Alert, all_rules
from tests.support.alertmanager import alertmanager
from tests.support.servers import ROOT, eventually

ERRORS = {"alertname": "ApiErrorRateHigh", "job": "shop", "priority": "high", "tier": "threshold"}
CPU = {"alertname": "ApiCpuHigh", "job": "shop", "instance": "a:8000", "tier": "threshold"}
BURN = {"alertname": "ApiAvailabilityBudgetBurn", "job": "shop", "priority": "high", "slo": "availability"}
FAST = {**BURN, "tier": "fast", "severity": "warning"}
SLOW = {**BURN, "tier": "slow", "severity": "warning"}
DOWN = {"alertname": "ApiDown", "job": "shop", "severity": "critical", "tier": "monitoring"}


def critical(labels: Mapping[str, str]) -> dict[str, str]:
    return {**labels, "severity": "critical"}


def warning(labels: Mapping[str, str]) -> dict[str, str]:
    return {**labels, "severity": "warning"}


def info(labels: Mapping[str, str]) -> dict[str, str]:
    return {**labels, "severity": "info"}


def instance_down(instance: str) -> dict[str, str]:
    return {"alertname": "ApiInstanceDown", "job": "shop", "instance": instance, "severity": "warning"}


def without(labels: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in names}


@pytest.fixture
def shipped():
    """An Alertmanager with the file that ships."""
    with alertmanager(ROOT / "alertmanager/alertmanager.yml") as running:
        yield running


QUIET = [
    ("critical over warning", critical(ERRORS), warning(ERRORS)),
    ("critical over info", critical(ERRORS), info(ERRORS)),
    ("warning over info", warning(ERRORS), info(ERRORS)),
    ("critical over warning of one machine", critical(CPU), warning(CPU)),
    ("fast over slow", FAST, SLOW),
    ("fast over slow, whatever the severities", FAST, info(SLOW)),
    ("down over critical", DOWN, critical(ERRORS)),
    ("down over info", DOWN, info(CPU)),
    ("down over fast", DOWN, critical(FAST)),
    ("down over other people's alerts", DOWN, {"alertname": "ShopUnhappy", "job": "shop"}),
    ("one instance down over its own", instance_down("a:8000"), critical(CPU)),
    (
        "fast over slow of another objective of its kind",
        {**FAST, "objective": "99% within 1s"},
        {**SLOW, "objective": "95% within 500ms"},
    ),
]
HEARD = [
    ("another alert", critical(ERRORS), warning({**ERRORS, "alertname": "ApiResponseTimeHigh"})),
    ("another job", critical(ERRORS), warning({**ERRORS, "job": "bank"})),
    ("another priority", critical(ERRORS), warning({**ERRORS, "priority": "low"})),
    ("another instance", critical(CPU), warning({**CPU, "instance": "b:8000"})),
    ("another route", critical({**ERRORS, "http_route": "/a"}), warning({**ERRORS, "http_route": "/b"})),
    ("a route, while it is its class", critical(ERRORS), warning({**ERRORS, "http_route": "/a"})),
    (
        "another disk",
        critical({**CPU, "system_filesystem_mountpoint": "/"}),
        warning({**CPU, "system_filesystem_mountpoint": "/data"}),
    ),
    ("another GPU", critical({**CPU, "hw_id": "GPU-1"}), warning({**CPU, "hw_id": "GPU-2"})),
    ("a critical one, by a warning", warning(ERRORS), critical(ERRORS)),
    ("the fast one, by the slow", SLOW, FAST),
    ("another objective's kind", FAST, {**SLOW, "slo": "latency"}),
    ("another class's objective", FAST, {**SLOW, "priority": "low"}),
    ("another job, while one is down", DOWN, critical({**ERRORS, "job": "bank"})),
    ("another instance, while one is down", instance_down("b:8000"), critical(CPU)),
    ("the class, while one instance is down", instance_down("b:8000"), critical(ERRORS)),
    ("the dead man's switch", DOWN, {"alertname": "ApiWatchdog", "severity": "none", "job": "shop"}),
    # Alertmanager takes labels that are missing on both sides for equal.
    ("without an instance, while one without is down", without(instance_down(""), "instance"), critical(ERRORS)),
    ("without a job, while one without a job is down", without(DOWN, "job"), critical(without(ERRORS, "job"))),
    ("without an objective", without(FAST, "slo"), without(SLOW, "slo")),
    ("without a job, an objective", without(FAST, "job"), without(SLOW, "job")),
    ("other people's", critical({"alertname": "PodCrash", "pod": "a"}), warning({"alertname": "PodCrash", "pod": "b"})),
]


@pytest.mark.parametrize(("source", "target"), [pytest.param(*rest, id=name) for name, *rest in QUIET])
def test_is_kept_quiet(source, target, shipped):
    shipped.fire(target)
    assert not shipped.inhibited(target)
    shipped.fire(source)
    eventually(lambda: shipped.inhibited(target), "it is kept quiet")
    assert not shipped.inhibited(source)


def test_is_heard(shipped):
    """All in one Alertmanager, each pair while it is the only one that fires.

    Inhibition follows a moment after the alerts, in their order; so a pair that is quiet for sure comes after each.
    """
    kept_quiet = []
    for name, source, target in HEARD:
        shipped.fire(source, target)
        after = {"alertname": f"Api {name}", "job": "other"}
        shipped.fire(critical(after), warning(after))
        eventually(partial(shipped.inhibited, warning(after)), "all before it has been looked at")
        if shipped.inhibited(target):
            kept_quiet.append(name)
        shipped.resolve(source, target)
    assert kept_quiet == []


def test_is_heard_again_once_the_other_is_over(shipped):
    shipped.fire(DOWN, critical(ERRORS))
    eventually(lambda: shipped.inhibited(critical(ERRORS)), "it is kept quiet")
    shipped.resolve(DOWN)
    eventually(lambda: not shipped.inhibited(critical(ERRORS)), "it is heard again")


def test_every_label_that_alerts_differ_by_is_compared():
    """A label that an alert shows says which thing it is about; or else why its warnings may go."""
    severities: defaultdict[str, set[str]] = defaultdict(set)
    shown: defaultdict[str, set[str]] = defaultdict(set)
    for rule in all_rules(rule_files(Objectives())):
        if isinstance(rule, Alert):
            severities[rule.name].add(rule.labels["severity"])
            shown[rule.name] |= {*rule.labels, *re.findall(r"\$labels\.(\w+)", " ".join(rule.annotations.values()))}
    several = {name for name, found in severities.items() if len(found) > 1}
    assert len(several) > 10
    not_things = {
        "severity",
        "tier",
        "side",  # too much and too little traffic are never at once
        "compared_with",  # slower than last week and slower than an hour ago are one piece of news
    }
    assert {name: shown[name] - {*THE_SAME_ALERT} - not_things for name in several} == {name: set() for name in several}
