"""How the service does, in few numbers: Apdex, ratings, the service agreement, a score of its health."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from apivitals.objectives.values import percentage_of
from apivitals.slo.intervals import COUNTS_SECONDS
from apivitals.slo.plan import Plan, Subject
from apivitals.slo.promql import Select, le, number
from apivitals.slo.rule import Recording
from apivitals.slo.series import (
    BUSIEST,
    CLASS,
    EVERYTHING,
    HEALTH,
    HEALTH_PART,
    JOB,
    OK,
    SLA_MET,
    SLA_MET_SHARE,
    SLA_TARGET,
    SLA_VALUE,
)
from apivitals.slo.targets import down

P95, P99, AVAILABILITY, ERROR_RATE = "p95_seconds", "p99_seconds", "availability_percent", "error_rate_percent"
COUNTED_REQUESTS, COUNTED_ERRORS = JOB.named("http_requests", "increase2m"), JOB.named("http_errors", "increase2m")
_SPIKE = Decimal("0.1")
_BUSY, _FULL = Decimal("0.8"), Decimal(1)


def rating_rules(plan: Plan) -> Iterator[Recording]:
    """Yield Apdex and ratings of each class."""
    classes = [subject for subject in plan.subjects if subject.level is CLASS]
    for subject in classes:
        yield _apdex(plan.select, subject)
    weighted = f"{plan.select(CLASS.apdex)} * {plan.select(CLASS.requests)}"
    requests = f"{plan.select(CLASS.requests)} and {plan.select(CLASS.apdex)}"
    yield Recording(JOB.apdex, f"sum by ({JOB.by}) ({weighted})\n/\n(sum by ({JOB.by}) ({requests}) > 0)")
    for subject in classes:
        p95 = subject.series(plan.select, CLASS.response_time("p95"))
        bounds = subject.demands.response_time_seconds.seconds[:3]
        yield Recording(CLASS.rating, _rating(p95, ">", [number(bound) for bound in bounds]), subject.labels)
        rating = subject.demands.throughput.rating
        if rating is not None:
            requests = subject.series(plan.select, CLASS.requests)
            least = [number(bound) for bound in rating.per_second[:3]]
            yield Recording(CLASS.throughput_rating, _rating(requests, "<", least), subject.labels)


def _apdex(select: Select, subject: Subject) -> Recording:
    """Give the Apdex: who waited up to `good` is satisfied, up to `critical` half so, and longer or in vain not at all.

    https://www.apdex.org/wp-content/uploads/2020/09/ApdexTechnicalSpecificationV11_000.pdf takes four times the first
    time for the second; the classes have their own.
    """
    ratings, buckets = subject.demands.response_time_seconds, subject.level.response_buckets
    satisfied = subject.series(select, buckets, OK, le(ratings.good))
    tolerating = subject.series(select, buckets, OK, le(ratings.critical))
    # of one rule, all of them: what two groups of rules record is not of one time
    requests = f"sum without (outcome, le) ({subject.series(select, buckets, EVERYTHING)})"
    parts = "\n  +\n".join(f"  sum without (outcome, le) ({part})" for part in (satisfied, tolerating))
    # requests that all failed have no bucket of answered ones
    answered = subject.series(select, buckets, OK, EVERYTHING)
    none = f"0 * ({requests} unless sum without (outcome, le) ({answered}))"
    return Recording(
        CLASS.apdex, f"(\n  (\n{_indented(parts)}\n  ) / 2\n  or\n  {none}\n)\n/\n({requests} > 0)", subject.labels
    )


def _rating(value: str, past: str, bounds: list[str]) -> str:
    return "1\n" + "\n".join(f"+ ({value} {past} bool {bound})" for bound in bounds)


def sla_rules(plan: Plan) -> Iterator[Recording]:
    """Yield the value of each target of the agreement and whether it is met, now and as a share of the time.

    Percentiles and the error rate are those of the last hour; availability is that of the whole window.
    """
    select, sla, window = plan.select, plan.objectives.sla, f"{plan.windows_days}d"
    for level_series, counted in ((JOB.requests, COUNTED_REQUESTS), (JOB.errors, COUNTED_ERRORS)):
        yield Recording(counted, f"{select(level_series)} * {COUNTS_SECONDS}")
    for target, quantile, seconds in ((P95, "0.95", sla.p95_seconds), (P99, "0.99", sla.p99_seconds)):
        if seconds is not None:
            buckets = f"sum by ({JOB.by}, le) (sum_over_time({select(JOB.response_buckets, over='1h')}))"
            yield Recording(SLA_VALUE, f"histogram_quantile({quantile}, {buckets}) >= 0", {"target": target})
            yield from _met(select, target, "< bool", number(seconds))
    if sla.availability_percent is not None:
        failed = _ratio(select, COUNTED_ERRORS, COUNTED_REQUESTS, window)
        yield Recording(SLA_VALUE, f"1 - {failed}", {"target": AVAILABILITY})
        yield from _met(select, AVAILABILITY, ">= bool", number(percentage_of(sla.availability_percent)))
    if sla.error_rate_percent is not None:
        failed = _ratio(select, JOB.errors, JOB.requests, "1h")
        yield Recording(SLA_VALUE, failed, {"target": ERROR_RATE})
        yield from _met(select, ERROR_RATE, "<= bool", number(percentage_of(sla.error_rate_percent)))
    yield Recording(SLA_MET_SHARE, f"avg_over_time({select(SLA_MET, over=window)})")


def _met(select: Select, target: str, comparison: str, promised: str) -> Iterator[Recording]:
    value = select(SLA_VALUE, f'target="{target}"')
    yield Recording(SLA_TARGET, f"{promised} + 0 * {value}", {"target": target})
    yield Recording(SLA_MET, f"{value} {comparison} {promised}", {"target": target})


def health_rules(plan: Plan) -> Iterator[Recording]:
    """Yield the score, 0 to 100, and its three parts, 0 to 1, of which it is the product.

    `errors` falls from 1 to 0 as the error ratio goes from 0 to that of a spike. `speed` is the Apdex. `headroom` is 1
    while CPU, memory and thread pool are used less than to 80 %, and falls to one half when one of them is full. A
    service without requests is as healthy as its machine, and one that is down has 0.
    """
    select, percent = plan.select, plan.objectives.thresholds.error_spike_percent
    spike = _SPIKE if percent is None else percentage_of(percent)
    errors = f"clamp_min(1 - {select(JOB.error_ratio)} / {number(spike)}, 0)"
    yield Recording(HEALTH_PART, errors, {"part": "errors"})
    yield Recording(HEALTH_PART, select(JOB.apdex), {"part": "speed"})
    if plan.objectives.features.resources:
        headroom = f"1 - clamp({select(BUSIEST)} - {_BUSY}, 0, {_FULL - _BUSY}) / {2 * (_FULL - _BUSY)}"
        yield Recording(HEALTH_PART, headroom, {"part": "headroom"})
    score = f"100 * exp(sum by ({JOB.by}) (ln({select(HEALTH_PART)})))"
    yield Recording(HEALTH, f"0 * {down(select)}\nor\n{score}")


def _ratio(select: Select, bad: str, every: str, window: str) -> str:
    return f"sum_over_time({select(bad, over=window)})\n/\n(sum_over_time({select(every, over=window)}) > 0)"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
