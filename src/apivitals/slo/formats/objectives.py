"""The objectives alone, as other generators of rules read them: Sloth and OpenSLO."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from apivitals.catalog import http
from apivitals.objectives import Objectives
from apivitals.slo.formats.text import document, documents
from apivitals.slo.objective import LATENCY, Objective, objectives_of
from apivitals.slo.outcome import FAILURE, SUCCESS
from apivitals.slo.plan import Plan, plan_of
from apivitals.slo.promql import bucket, count, le

_ANY_SERVICE = "service"
_NOT_IN_NAME = re.compile(r"[^a-z0-9]+")
_MOST = 63


def sloth(objectives: Objectives, comment: Iterable[str]) -> dict[str, str]:
    """Write a specification for Sloth, version ``prometheus/v1``."""
    plan = plan_of(objectives)
    content = {
        "version": "prometheus/v1",
        "service": _service(plan),
        "labels": dict(objectives.alert_labels),
        "slos": [_of_sloth(plan, name, one) for name, one in _named(plan)],
    }
    return {"sloth/apivitals.yml": document(content, comment)}


def openslo(objectives: Objectives, comment: Iterable[str]) -> dict[str, str]:
    """Write one ``openslo/v1`` SLO for each objective."""
    plan = plan_of(objectives)
    return {"openslo/apivitals.yml": documents([_of_openslo(plan, name, one) for name, one in _named(plan)], comment)}


def _of_sloth(plan: Plan, name: str, objective: Objective) -> dict[str, Any]:
    bad, every = _bad(plan, objective, "{{.window}}"), _every(plan, objective, "{{.window}}")
    severities = objective.subject.demands.severities
    return {
        "name": name,
        "objective": float(objective.percent),
        "description": f"{objective.subject.name}: {objective.kind} {objective.words}",
        "labels": objective.labels,
        "sli": {"events": {"error_query": f"({bad}) or vector(0)", "total_query": every}},
        "alerting": {
            "name": "ApiLatencyBudgetBurn" if objective.kind == LATENCY else "ApiAvailabilityBudgetBurn",
            "labels": objective.labels,
            "page_alert": {"labels": {"severity": severities.fast, "tier": "fast"}},
            "ticket_alert": {"labels": {"severity": severities.slow, "tier": "slow"}},
        },
    }


def _of_openslo(plan: Plan, name: str, objective: Objective) -> dict[str, Any]:
    window = f"{plan.windows_days}d"
    return {
        "apiVersion": "openslo/v1",
        "kind": "SLO",
        "metadata": {"name": name, "displayName": f"{objective.subject.name} {objective.words}"},
        "spec": {
            "description": f"{objective.subject.name}: {objective.kind} {objective.words}",
            "service": _service(plan),
            "indicator": {
                "metadata": {"name": name},
                "spec": {
                    "ratioMetric": {
                        "counter": True,
                        "bad": _source(_bad(plan, objective, "")),
                        "total": _source(_every(plan, objective, "")),
                    }
                },
            },
            "timeWindow": [{"duration": window, "isRolling": True}],
            "budgetingMethod": "Occurrences",
            "objectives": [{"displayName": objective.words, "target": float(objective.target)}],
        },
    }


def _source(query: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def _every(plan: Plan, objective: Objective, window: str) -> str:
    answered = SUCCESS if objective.kind == LATENCY else ""
    return _summed(_counters(plan, objective, count(http.REQUEST_DURATION), answered), window)


def _bad(plan: Plan, objective: Objective, window: str) -> str:
    if objective.within_seconds is None:
        return _summed(_counters(plan, objective, count(http.REQUEST_DURATION), FAILURE), window)
    bound = f"{SUCCESS},{le(objective.within_seconds)}"
    within = _summed(_counters(plan, objective, bucket(http.REQUEST_DURATION), bound), window)
    return f"{_every(plan, objective, window)}\n-\n{within}"


def _counters(plan: Plan, objective: Objective, series: str, matchers: str) -> Iterator[str]:
    for own in objective.subject.matchers:
        yield plan.select(series, matchers, own)


def _summed(counters: Iterator[str], window: str) -> str:
    over = [f"rate({counter}[{window}])" if window else counter for counter in counters]
    return f"sum({' or '.join(over)})"


def _service(plan: Plan) -> str:
    return plan.objectives.service_name or plan.objectives.selector.get("job", _ANY_SERVICE)


def _named(plan: Plan) -> Iterator[tuple[str, Objective]]:
    """Yield each objective with a name as Kubernetes wants it: letters, digits and dashes, and each once."""
    taken: set[str] = set()
    for objective in objectives_of(plan):
        words = f"{objective.subject.name} {objective.kind} {objective.words}"
        name = plain = _NOT_IN_NAME.sub("-", words.lower()).strip("-")[:_MOST].strip("-")
        number = 1
        while name in taken:
            number += 1
            name = f"{plain[: _MOST - 4]}-{number}"
        taken.add(name)
        yield name, objective
