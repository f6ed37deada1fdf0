"""Calls to AI providers that fail, caches that miss, and the service agreement."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.catalog import gen_ai
from apivitals.objectives.values import percentage_of
from apivitals.slo.alerting import About, Text, alert, graded
from apivitals.slo.intervals import WINDOW_SECONDS
from apivitals.slo.outcome import FAILURE
from apivitals.slo.plan import Plan
from apivitals.slo.promql import count, number
from apivitals.slo.recording.work import CACHE, MODEL, PROVIDER
from apivitals.slo.rule import Alert
from apivitals.slo.series import (
    AI_CALLS,
    AI_FAILURE_RATIO,
    AI_FAILURES,
    CACHE_HITS,
    CACHE_LOOKUPS,
    ERROR_TYPE,
)
from apivitals.slo.template import PERCENTAGE, RATE, THE_PERCENTAGE, asked, label, of, same

FAILED_CALLS = 5
"""Failed calls within five minutes that are more than chance."""


def gen_ai_alerts(plan: Plan) -> Iterator[Alert]:
    """Yield the alert on failing calls, for each provider and model."""
    mine = same("job", PROVIDER, MODEL)
    raw = plan.select(count(gen_ai.OPERATION_DURATION), FAILURE, *mine, over="5m")
    commonest = asked(f"topk(1, sum by ({ERROR_TYPE}) (rate({raw})) > 0)", f" Look first at {of(ERROR_TYPE)}.")
    calls = asked(plan.select(AI_CALLS, *mine), f" of {RATE} calls/s")
    for grade in graded(plan.objectives.thresholds.gen_ai_failure_percent):
        failed = f"{plan.select(AI_FAILURE_RATIO)} >= {number(percentage_of(grade.threshold))}"
        yield alert(
            plan,
            About("ApiAiFailures", "ai", "threshold"),
            f"{failed}\nand\n{plan.select(AI_FAILURES)} * {WINDOW_SECONDS} >= {FAILED_CALLS}",
            grade.severity,
            Text(
                f"{label(PROVIDER)} {label(MODEL)} for {label('job')}: {THE_PERCENTAGE} of the calls fail",
                f"{THE_PERCENTAGE}{calls} failed in the last 5 minutes; the threshold is {number(grade.threshold)} %."
                f"{commonest}",
            ),
            held="2m",
        )


def cache_alerts(plan: Plan) -> Iterator[Alert]:
    """Yield the alert on a hit ratio that is too low, for each cache."""
    week = plan.select(CACHE_HITS, *same("job", CACHE), before="1w")
    enough = f"{plan.select(CACHE_LOOKUPS)} * {WINDOW_SECONDS} >= {plan.objectives.thresholds.minimum_requests}"
    for grade in graded(plan.objectives.thresholds.cache_hit_percent):
        yield alert(
            plan,
            About("ApiCacheHitRatioLow", "ai", "threshold"),
            f"{plan.select(CACHE_HITS)} < {number(percentage_of(grade.threshold))}\nand\n{enough}",
            grade.severity,
            Text(
                f"Cache {label(CACHE)} of {label('job')}: only {THE_PERCENTAGE} hits",
                f"{THE_PERCENTAGE} of the look-ups hit{asked(week, f', a week ago {PERCENTAGE}')}; the threshold is"
                f" {number(grade.threshold)} %. Look first at what was deployed or flushed, and at evictions.",
            ),
            held="15m",
        )
