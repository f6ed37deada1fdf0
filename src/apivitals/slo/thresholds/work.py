"""Calls to AI providers that fail, caches that miss, and the service agreement."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.catalog import gen_ai
from apivitals.objectives.values import percentage_of
from apivitals.slo.alerting import About, Text, alert, graded
from apivitals.slo.first import commonest_error, grown_component
from apivitals.slo.intervals import RATES_SECONDS, WINDOW_SECONDS
from apivitals.slo.outcome import FAILURE
from apivitals.slo.plan import Plan
from apivitals.slo.promql import count, number
from apivitals.slo.recording.service import AVAILABILITY, COUNTED_ERRORS, COUNTED_REQUESTS, ERROR_RATE, P95, P99
from apivitals.slo.recording.work import CACHE, MODEL, PROVIDER
from apivitals.slo.rule import Alert
from apivitals.slo.series import (
    AI_CALLS,
    AI_FAILURE_RATIO,
    AI_FAILURES,
    CACHE_HITS,
    CACHE_LOOKUPS,
    ERROR_TYPE,
    JOB,
    SLA_MET,
    SLA_VALUE,
)
from apivitals.slo.template import DURATION, PERCENTAGE, RATE, THE_PERCENTAGE, asked, label, of, same

FAILED_CALLS = 5
"""Failed calls within five minutes that are more than chance."""
_SLOW_REQUESTS = 5


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


def sla_alerts(plan: Plan) -> Iterator[Alert]:
    """Yield an alert for each target of the agreement that is not met, once enough is known to say so."""
    select, days = plan.select, f"{plan.windows_days}d"
    errors_of_hour = f"sum_over_time({select(JOB.errors, over='1h')}) * {RATES_SECONDS} >= {_SLOW_REQUESTS}"
    requests_of_hour = f"sum_over_time({select(JOB.requests, over='1h')}) * {RATES_SECONDS}"
    a_day_ago = select(COUNTED_REQUESTS, before="1d")
    enough = {
        P95: f"{requests_of_hour} >= {_SLOW_REQUESTS * 20}",
        P99: f"{requests_of_hour} >= {_SLOW_REQUESTS * 100}",
        ERROR_RATE: errors_of_hour,
        AVAILABILITY: f"sum_over_time({select(COUNTED_ERRORS, over=days)}) >= {_SLOW_REQUESTS}\nand on ({JOB.by})\n{a_day_ago}",
    }
    sla = plan.objectives.sla
    words = {
        P95: (sla.p95_seconds, "p95 response time of the last hour", DURATION, "s", f" {grown_component(select, JOB)}"),
        P99: (sla.p99_seconds, "p99 response time of the last hour", DURATION, "s", f" {grown_component(select, JOB)}"),
        ERROR_RATE: (
            sla.error_rate_percent,
            "error rate of the last hour",
            PERCENTAGE,
            "%",
            commonest_error(select, JOB),
        ),
        AVAILABILITY: (
            sla.availability_percent,
            f"availability of {days}",
            PERCENTAGE,
            "%",
            commonest_error(select, JOB),
        ),
    }
    for target, (promised, what, shown, unit, first) in words.items():
        if promised is None:
            continue
        matcher = f'target="{target}"'
        value = asked(select(SLA_VALUE, matcher, *same(*JOB.labels)), shown, "past it")
        condition = f"{select(SLA_MET, matcher)} == 0"
        yield alert(
            plan,
            About("ApiSlaBreached", "slo", "threshold"),
            f"{condition}\nand on ({JOB.by})\n{enough[target]}",
            "warning",
            Text(
                f"{label('job')}: the {what} is {value}; {number(promised)} {unit} was promised",
                f"The {what} is {value}, and the agreement says {number(promised)} {unit}.{first}",
            ),
            held="10m",
            labels={"target": target},
        )
