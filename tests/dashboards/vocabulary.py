"""What queries may name: the catalog's metrics, the recorded series, and Prometheus' and Alertmanager's own."""

import re
from collections.abc import Mapping
from functools import cache

from apivitals.catalog import CATALOG, Kind, Metric, process, runtime, source
from apivitals.objectives import Objectives, from_mapping
from apivitals.slo.generator import rule_files
from apivitals.slo.rule import Alert, Recording, all_rules
from apivitals.slo.series import CLASS, INSTANCE, JOB, OF_ROUTE
from tests.support.promql import names

OF_A_TARGET = frozenset({"job", "instance"})
"""What Prometheus gives every series that it scrapes."""
OF_THE_PAGE = frozenset({"otel_metric_overflow"})
"""What the page may give any series."""
OF_A_WORKER = frozenset({"worker"})
"""What each process finds out itself has it, where there are several."""
_FOUND_OUT = frozenset(
    value
    for page in (process, runtime, source)
    for value in vars(page).values()
    if isinstance(value, Metric) and value.kind is not Kind.HISTOGRAM and value is not runtime.EVENT_LOOP_BLOCKED
)
_LEVELS: Mapping[str, tuple[str, ...]] = {level.name: level.labels for level in (JOB, CLASS, OF_ROUTE, INSTANCE)}
_OTHERS = re.compile(r"(?:scrape|prometheus|alertmanager|process|go|net_conntrack)_\w+|up")
ALERTS, SINCE = "ALERTS", "ALERTS_FOR_STATE"
"""What Prometheus shows of alerts: that they are, and since when."""


_FULLER = from_mapping(
    {
        "routes": {"POST /payments/*": {"class": "critical", "availability_percent": 99.99, "objectives": True}},
        "classes": {
            "high": {"throughput": {"rating": {"excellent": 100, "good": 50, "warning": 10, "critical": 1}}},
        },
    }
)
"""With what records series that the defaults have not: a route's own objectives, and a rating of the throughput."""


def _rules() -> list[Recording | Alert]:
    return [rule for objectives in (Objectives(), _FULLER) for rule in all_rules(rule_files(objectives))]


def exposed() -> dict[str, frozenset[str]]:
    """Return the names on `/metrics`, and the labels of each."""
    made: dict[str, frozenset[str]] = {}
    for metric in CATALOG:
        labels = OF_A_TARGET | OF_THE_PAGE | set(metric.label_names)
        labels |= OF_A_WORKER if metric in _FOUND_OUT else set()
        if metric.kind is Kind.HISTOGRAM:
            made |= {f"{metric.exposed}_sum": labels, f"{metric.exposed}_count": labels}
            made[f"{metric.exposed}_bucket"] = labels | {"le"}
        else:
            made[metric.exposed] = labels
    return made


@cache
def counters() -> frozenset[str]:
    """Return the names of series that only grow."""
    totals = {metric.exposed for metric in CATALOG if metric.kind is Kind.COUNTER}
    histograms = {metric.exposed for metric in CATALOG if metric.kind is Kind.HISTOGRAM}
    return frozenset(totals | {f"{name}_{part}" for name in histograms for part in ("bucket", "sum", "count")})


@cache
def recorded() -> dict[str, frozenset[str]]:
    """Return the recorded series of the default objectives and of fuller ones, and the labels of each.

    They are the labels of its level, its rule's own, and those by which its query groups. Where it groups by none, it
    has those of what it is made of.
    """
    rules = [rule for rule in _rules() if isinstance(rule, Recording)]
    made: dict[str, set[str]] = {}
    for rule in rules:
        own = made.setdefault(rule.record, set(_LEVELS.get(rule.record.partition(":")[0], ("job",))))
        own |= set(rule.labels)
    changed = True
    while changed:
        before = {name: set(labels) for name, labels in made.items()}
        for rule in rules:
            found = names(rule.expr)
            made[rule.record] |= found.made | found.grouped
            if not found.grouped:
                for selector in found.selectors:
                    made[rule.record] |= made.get(selector.metric, set())
        changed = made != before
    # A bucket's bound is left only where buckets are recorded; a percentile of them has none.
    return {name: frozenset(labels - ({"le"} if "_bucket:" not in name else set())) for name, labels in made.items()}


def alert_labels() -> frozenset[str]:
    """Return the labels that alerts have: their rules' own, and those of the series that they compare."""
    known = {**exposed(), **recorded()}
    made = {"alertname", "alertstate"}
    for rule in _rules():
        if isinstance(rule, Alert):
            made |= set(rule.labels)
            for selector in names(rule.expr).selectors:
                made |= known.get(selector.metric, OF_A_TARGET)
    return frozenset(made)


@cache
def vocabulary() -> dict[str, frozenset[str]]:
    """Return every name that a query may have, but for the ones of Prometheus itself, and the labels of each."""
    alerts = alert_labels()
    return {**exposed(), **recorded(), ALERTS: alerts, SINCE: alerts - {"alertstate"}}


def is_of_the_monitoring(metric: str) -> bool:
    """Say whether a series is one of Prometheus' or Alertmanager's own, whose labels are theirs to say."""
    return _OTHERS.fullmatch(metric) is not None
