"""What values are compared with, as series: lines that dashboards draw, and that move when the file is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from apivitals.objectives import BURN_RATES, Levels, Objectives
from apivitals.objectives.values import percentage_of
from apivitals.slo.plan import Plan
from apivitals.slo.promql import number
from apivitals.slo.rule import Recording
from apivitals.slo.series import CLASS, CLASS_THRESHOLD, INSTRUMENTED, THRESHOLD

RATINGS = ("excellent", "good", "warning", "critical")
_FEATURES: Mapping[str, str] = {
    "gpu_percent": "gpu",
    "gpu_memory_percent": "gpu",
    "gen_ai_failure_percent": "gen_ai",
    "cache_hit_percent": "cache",
    "queue_time_seconds": "thresholds",
    "in_flight_requests": "thresholds",
    "in_flight_age_seconds": "thresholds",
}
_RESOURCES = "resources"


def threshold_rules(plan: Plan) -> Iterator[Recording]:
    """Yield thresholds by name and severity, in the unit of what is compared: a ratio, seconds, requests."""
    thresholds = plan.objectives.thresholds
    for key in type(thresholds).model_fields:
        levels = getattr(thresholds, key)
        if isinstance(levels, Levels) and _is_on(plan.objectives, key):
            for severity, value in (("warning", levels.warning), ("critical", levels.critical)):
                if value is not None:
                    yield _recorded(plan, THRESHOLD, key, value, severity=severity)
    spike = thresholds.error_spike_percent
    if spike is not None and plan.objectives.features.thresholds:
        yield _recorded(plan, THRESHOLD, "error_spike_percent", spike, severity="critical")
    if plan.objectives.features.slo:
        for rate in BURN_RATES:
            factor, severity = rate.factor_for(plan.windows_days), "critical" if rate.tier == "fast" else "warning"
            yield _recorded(plan, THRESHOLD, "burn_rate", factor, severity=severity, window=rate.long)


def class_threshold_rules(plan: Plan) -> Iterator[Recording]:
    """Yield the response time up to which each rating goes, and the error rate and throughput that raise an alert."""
    for subject in plan.subjects:
        if subject.level is not CLASS:
            continue
        demands = subject.demands
        for rating, seconds in zip(RATINGS, demands.response_time_seconds.seconds, strict=True):
            key = "response_time_seconds"
            yield _recorded(plan, CLASS_THRESHOLD, key, seconds, severity=rating, **subject.labels)
        if demands.error_rate_percent is not None:
            key = "error_rate_percent"
            yield _recorded(
                plan, CLASS_THRESHOLD, key, demands.error_rate_percent, severity="warning", **subject.labels
            )
        if demands.throughput.floor is not None:
            key = "throughput_floor"
            yield _recorded(plan, CLASS_THRESHOLD, key, demands.throughput.floor, severity="warning", **subject.labels)


def threshold_name(key: str) -> str:
    """Return the value of the label `threshold` for a key of the file: ``cpu`` for ``cpu_percent``."""
    return key.removesuffix("_percent").removesuffix("_seconds")


def _is_on(objectives: Objectives, key: str) -> bool:
    on: bool = getattr(objectives.features, _FEATURES.get(key, _RESOURCES))
    return on


def _recorded(plan: Plan, record: str, key: str, value: Decimal | float, **labels: str) -> Recording:
    compared = percentage_of(Decimal(value)) if key.endswith("_percent") else value
    expr = f"{number(compared)} + 0 * {plan.select(INSTRUMENTED)}"
    return Recording(record, expr, {"threshold": threshold_name(key), **labels})
