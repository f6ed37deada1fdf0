"""What holds for all generated rules, for every valid file."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings

from apivitals.catalog import CATALOG, Kind
from apivitals.objectives import Objectives, from_mapping
from apivitals.slo.formats.rules import prometheus
from apivitals.slo.generator import rule_files
from apivitals.slo.rule import Alert, Recording, all_rules
from apivitals.slo.template import literal
from tests.slo import (
    test_monitoring_alerts,
    test_objectives,
    test_request_alerts,
    test_resource_alerts,
    test_trend_alerts,
    test_work_alerts,
)
from tests.slo.tables import DEFAULTS
from tests.support.objectives import files
from tests.support.promtool import check

RATING = {"excellent": 9, "good": 5, "warning": 3, "critical": 1}
FULL = {
    "selector": {"job": "shop", "env": 'a"b\\c`%q'},
    "classes": {"critical": {"throughput": {"floor": 1, "rating": RATING}}},
    "routes": {
        "GET /reports/{id}": {"class": "low", "availability_percent": 99, "error_rate_percent": 2},
        "/reports/*": {"class": "high", "latency": [{"percent": 90, "within_seconds": 3}]},
        "/[a-c]?/*": {"throughput": {"floor": 2}},
    },
    "thresholds": {"cache_hit_percent": {"warning": 80, "critical": 50}},
    "alert_labels": {"team": "x{{ y }}"},
    "dashboard_base_url": "https://grafana.example.com",
}
OF_PROMETHEUS = {
    "up",
    "scrape_duration_seconds",
    "prometheus_rule_evaluation_failures_total",
    "prometheus_rule_group_iterations_missed_total",
    "prometheus_notifications_dropped_total",
    "prometheus_notifications_alertmanagers_discovered",
    "alertmanager_notifications_failed_total",
    "alertmanager_config_last_reload_successful",
}
HISTOGRAM = ("_bucket", "_sum", "_count")
IN_CATALOG = {
    metric.exposed + suffix: {*metric.label_names, *(["le"] if suffix == "_bucket" else [])}
    for metric in CATALOG
    for suffix in (HISTOGRAM if metric.kind is Kind.HISTOGRAM else ("",))
}
WORDS = {"by", "on", "and", "or", "unless", "without", "offset", "bool", "group_left", "ignoring"}
STRING = r'"(?:[^"\\]|\\.)*"'
SELECTED = re.compile(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?![\w:])(?!\s*\()(\{[^{}]*\})?")
GROUPING = re.compile(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)")
QUERY = re.compile(r"printf `([^`]*)`")


def selectors(expression):
    """Yield each series that a query selects, with the labels that it matches."""
    plain = GROUPING.sub("", re.sub(r"\[\w+\]|offset \w+", "", re.sub(STRING, '""', expression)))
    for name, matchers in SELECTED.findall(plain):
        if name not in WORDS:
            yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))


def queries(rule):
    """Yield the rule's own query, and those of its texts."""
    yield rule.expr
    if isinstance(rule, Alert):
        for text in rule.annotations.values():
            for query in QUERY.findall(text):
                yield query.replace("%q", '""').replace("%%", "%")


def assert_sound(objectives, directory):
    generated = rule_files(objectives)
    rules = all_rules(generated)
    recorded = {rule.record for rule in rules if isinstance(rule, Recording)}
    for rule in rules:
        for query in queries(rule):
            for name, labels in selectors(query):
                known = name in recorded or name in OF_PROMETHEUS or name in IN_CATALOG
                assert known, f"{name} in {query}"
                if name in IN_CATALOG:
                    own = {"job", "instance", *objectives.selector}
                    assert labels <= IN_CATALOG[name] | own, f"{labels} of {name}"
                if name not in OF_PROMETHEUS - {"up", "scrape_duration_seconds"}:
                    assert set(objectives.selector) <= labels, f"{name} in {query}"
    paths = []
    for name, text in prometheus(objectives, ["made by a test"]).items():
        path = Path(directory, name.rpartition("/")[2])
        path.write_text(text)
        paths.append(path)
        assert yaml.safe_load(text)["groups"]
    assert check(paths) == "" if paths else True
    for path in paths:
        path.unlink()


@given(values=files())
@example(values={})
@example(values=FULL)
@example(values={"features": dict.fromkeys(["slo", "thresholds", "trends", "monitoring", "resources"], False)})
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_rules_of_any_valid_file_are_sound(values, tmp_path):
    assert_sound(from_mapping(values), tmp_path)


@given(values=files())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_alerts_of_any_valid_file(values):
    objectives = from_mapping(values)
    rules = all_rules(rule_files(objectives))
    alerts = [rule for rule in rules if isinstance(rule, Alert)]
    identities = [(rule.name, tuple(sorted(rule.labels.items()))) for rule in alerts]
    assert len(set(identities)) == len(identities)
    for rule in alerts:
        assert rule.labels["severity"] in {"critical", "warning", "info"} or rule.name == "ApiWatchdog"
        assert rule.labels["tier"] in {"fast", "slow", "threshold", "trend", "monitoring"}
        assert {name: literal(value) for name, value in objectives.alert_labels.items()}.items() <= rule.labels.items()
        assert {"summary", "description"} <= set(rule.annotations)
        assert ("runbook_url" in rule.annotations) == bool(objectives.runbook_base_url)
        assert ("dashboard_url" in rule.annotations) == bool(objectives.dashboard_base_url)
        assert can_fire(rule.expr), rule.expr


RATIO = re.compile(
    r"(ratio\w*|utilization\w*)(\{(?:[^{}\"]|" + STRING + r")*\})? (>=|>|<=|<) (-?[\d.]+)$", re.MULTILINE
)


def can_fire(expression):
    """Whether no ratio is compared with what it cannot be."""
    return all(
        float(bound) < 1 or (comparison == ">=" and float(bound) == 1)
        if comparison in {">", ">="}
        else float(bound) > 0
        for _, _, comparison, bound in RATIO.findall(expression)
    )


def test_ratios_are_found():
    """What makes the property above one that can fail."""
    assert not can_fire('a:b:ratio_rate1h{objective="99%"} > 1.008\nand\nc')
    assert can_fire("a:b:ratio_rate1h > 0.5\nand\nc")
    burn = [rule for rule in all_rules(DEFAULTS) if isinstance(rule, Alert) and "Burn" in rule.name]
    assert all(len(RATIO.findall(rule.expr)) == 4 for rule in burn)


def tables():
    modules = test_request_alerts, test_resource_alerts, test_monitoring_alerts, test_work_alerts
    yield from (module.TABLE for module in modules[:3])
    yield from (test_work_alerts.FAILURES, test_work_alerts.HITS)
    yield from (test_objectives.FAST_TABLE, test_objectives.LATENCY_TABLE)
    trends = test_trend_alerts
    yield from (trends.DEGRADED, trends.ANOMALIES, trends.STOPPED, trends.FORECASTS, trends.BUDGETS)


TESTED_BY_THEMSELVES = {
    "ApiThroughputLow",
    "ApiInFlightPileUp",
    "ApiRequestStuck",
    "ApiQueueTimeHigh",
    "ApiSlaBreached",
    "ApiWatchdog",
}


def test_each_alert_has_cases():
    tested = {name for table in tables() for name in table}
    names = {rule.name for rule in all_rules(rule_files(from_mapping(FULL))) if isinstance(rule, Alert)}
    assert names == tested | TESTED_BY_THEMSELVES
    assert not tested & TESTED_BY_THEMSELVES


RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
HEADING = re.compile(r"^## (Api\w+)$", re.MULTILINE)


def test_each_alert_has_a_runbook():
    alerts = [rule for rule in all_rules(rule_files(from_mapping(FULL))) if isinstance(rule, Alert)]
    wanted = {rule.annotations["runbook_url"].partition("/docs/runbooks/")[2] for rule in alerts}
    found = {
        f"{page.name}#{name.lower()}" for page in RUNBOOKS.glob("*.md") for name in HEADING.findall(page.read_text())
    }
    assert found == wanted


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_runbooks_name_what_there_is(page):
    text = page.read_text()
    rules = all_rules(DEFAULTS)
    recorded = {rule.record for rule in rules if isinstance(rule, Recording)}
    for query in re.findall(r"^    (\S.*)$", text, re.MULTILINE):
        names = [name for name, _ in selectors(query.replace("...", ""))]
        assert names
        for name in names:
            assert name in recorded or name in IN_CATALOG or name in OF_PROMETHEUS or name == "ALERTS", name


def test_defaults_are_those_of_no_file():
    assert rule_files(Objectives()) == rule_files(from_mapping({}))


def test_the_docs_list_what_is_recorded():
    text = (RUNBOOKS.parent / "rules.md").read_text().partition("## Recorded series")[2]
    written, stem = set(), ""
    for name in (
        name for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for name in re.findall("`([^`…]+)`", row)
    ):
        if name.count(":") == 2:
            stem = name.rpartition(":")[0]
            written.add(name)
        elif name.startswith(":"):
            written.add(stem + name)
        elif re.fullmatch(r"\d+[mhd]", name):
            written.add(f"{stem}:ratio_rate{name}")
    levels = ("job", "job_priority", "job_route")
    names = {name.replace("LEVEL", level) for name in written for level in levels}
    every = {rule.record for rule in all_rules(rule_files(from_mapping(FULL))) if isinstance(rule, Recording)}
    assert names == {name for name in every if not name.startswith("job_route:slo_")}
