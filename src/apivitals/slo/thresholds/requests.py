"""Response time, latency, errors and throughput of each class, and of routes with values of their own."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from apivitals.objectives.values import percentage_of
from apivitals.slo.alerting import About, Graded, Text, alert
from apivitals.slo.first import commonest_error, grown_component, of_subject, slowest_route
from apivitals.slo.intervals import WINDOW_SECONDS
from apivitals.slo.plan import Plan, Subject
from apivitals.slo.promql import number, quoted
from apivitals.slo.rule import Alert
from apivitals.slo.series import CLASS, JOB, PRIORITY
from apivitals.slo.targets import UP, present
from apivitals.slo.template import DURATION, RATE, THE_DURATION, THE_PERCENTAGE, THE_RATE, asked, same

_ALL = 100
"""Percent of failures that there is no being over."""


def request_alerts(plan: Plan) -> Iterator[Alert]:
    """Yield the alerts of every subject on the values that are its own."""
    for subject in plan.subjects:
        if "response_time_seconds" in subject.own:
            yield from _response_time(plan, subject)
            yield _latency(plan, subject)
        if "error_rate_percent" in subject.own:
            yield from _error_rate(plan, subject)
        if subject.level is CLASS:
            yield from _error_spike(plan, subject)
        if "throughput" in subject.own:
            yield from _throughput(plan, subject)


def _levels(subject: Subject, warning: float, critical: float) -> list[Graded]:
    """Grade two thresholds. If both raise one severity the lower is enough: two rules would be one alert."""
    severities = subject.demands.severities
    lower = Graded(severities.slow, Decimal(repr(warning)))
    if severities.slow == severities.fast:
        return [lower]
    return [lower, Graded(severities.fast, Decimal(repr(critical)))]


def enough_requests(plan: Plan, subject: Subject) -> str:
    """Give the subject's requests, where they are enough for a percentile or a ratio."""
    requests = subject.series(plan.select, subject.level.requests)
    return f"{requests} * {WINDOW_SECONDS} >= {plan.objectives.thresholds.minimum_requests}"


def _response_time(plan: Plan, subject: Subject) -> Iterator[Alert]:
    """Compare with "at least": of what is past the highest bound, all that a histogram gives is that bound."""
    ratings, level = subject.demands.response_time_seconds, subject.level
    for grade in _levels(subject, ratings.warning, ratings.critical):
        slow = f"{subject.series(plan.select, level.response_time('p95'))} >= {number(grade.threshold)}"
        usual = plan.select(level.response_time("p95"), *same(*level.labels), before="1h")
        yield alert(
            plan,
            About("ApiResponseTimeHigh", "traffic", "threshold", level.labels),
            f"{slow}\nand\n{enough_requests(plan, subject)}",
            grade.severity,
            Text(
                f"{of_subject(subject)}: p95 response time is {THE_DURATION}",
                f"5 % of the requests take longer than {THE_DURATION}; the threshold is {number(grade.threshold)} s"
                f"{asked(usual, f', and an hour ago it was {DURATION}')}."
                f" {grown_component(plan.select, level)}{slowest_route(plan.select, level)}",
            ),
            held="5m",
            labels=subject.labels,
        )


def _latency(plan: Plan, subject: Subject) -> Alert:
    level, bound = subject.level, number(subject.demands.response_time_seconds.warning)
    whole = plan.select(level.response_time("p95"), *same(*level.labels))
    return alert(
        plan,
        About("ApiLatencyHigh", "traffic", "threshold", level.labels),
        f"{subject.series(plan.select, level.latency('p95'))} >= {bound}\nand\n{enough_requests(plan, subject)}",
        "info",
        Text(
            f"{of_subject(subject)}: p95 latency is {THE_DURATION}",
            f"The first byte comes after {THE_DURATION} (p95); the threshold is {bound} s."
            f"{asked(whole, f' The whole response takes {DURATION}.')} {grown_component(plan.select, level)}",
        ),
        held="5m",
        labels=subject.labels,
    )


def _bad_enough(plan: Plan, subject: Subject) -> str:
    errors = subject.series(plan.select, subject.level.errors)
    return f"{errors} * {WINDOW_SECONDS} >= {subject.demands.minimum_bad_events}"


def _errors(plan: Plan, subject: Subject, ratio: Decimal) -> str:
    failed = f"{subject.series(plan.select, subject.level.error_ratio)} > {number(ratio)}"
    return f"{failed}\nand\n{_bad_enough(plan, subject)}"


def _error_rate(plan: Plan, subject: Subject) -> Iterator[Alert]:
    percent, level = subject.demands.error_rate_percent, subject.level
    if percent is None or percent >= _ALL:
        return
    requests = plan.select(level.requests, *same(*level.labels))
    yield alert(
        plan,
        About("ApiErrorRateHigh", "traffic", "threshold", level.labels),
        _errors(plan, subject, percentage_of(percent)),
        subject.demands.severities.slow,
        Text(
            f"{of_subject(subject)}: {THE_PERCENTAGE} fail",
            f"{THE_PERCENTAGE} of{asked(requests, f' {RATE} requests/s')} failed in the last 5 minutes; the threshold"
            f" is {number(percent)} %.{commonest_error(plan.select, level)}",
        ),
        held="5m",
        labels=subject.labels,
    )


def _error_spike(plan: Plan, subject: Subject) -> Iterator[Alert]:
    percent, level = plan.objectives.thresholds.error_spike_percent, subject.level
    if percent is None or percent >= _ALL:
        return
    before = plan.select(level.error_ratio, *same(*level.labels), before="1h")
    yield alert(
        plan,
        About("ApiErrorSpike", "traffic", "threshold", level.labels),
        _errors(plan, subject, percentage_of(percent)),
        subject.demands.severities.fast,
        Text(
            f"{of_subject(subject)}: {THE_PERCENTAGE} fail, suddenly",
            f"{THE_PERCENTAGE} of the requests failed in the last 5 minutes"
            f"{asked(before, ', and an hour ago {{ . | first | value | humanizePercentage }}')}; a spike begins at"
            f" {number(percent)} %.{commonest_error(plan.select, level)}",
        ),
        held="1m",
        labels=subject.labels,
    )


def _throughput(plan: Plan, subject: Subject) -> Iterator[Alert]:
    floor, level, select = subject.demands.throughput.floor, subject.level, plan.select
    if floor is None:
        return
    requests = subject.series(select, level.requests)
    if plan.objectives.selector and level is CLASS:
        # The one service is known to have such requests: none since it was started is fewer than the floor, too.
        named = f'label_replace({present(select)}, "{PRIORITY}", {quoted(subject.name)}, "", "")'
        requests = f"({requests} or on ({level.by}) 0 * {named})"
    usual = select(level.requests, *same(*level.labels), before="1h")
    yield alert(
        plan,
        About("ApiThroughputLow", "traffic", "threshold", level.labels),
        f"{requests} < {number(floor)}\nunless on ({JOB.by})\n(sum by ({JOB.by}) ({select(UP)}) == 0)",
        subject.demands.severities.slow,
        Text(
            f"{of_subject(subject)}: only {THE_RATE} requests/s",
            f"There are {THE_RATE} requests per second; the floor is {number(floor)}"
            f"{asked(usual, f', and an hour ago there were {RATE}')}. The service is up: look first at what sends it"
            " its requests: DNS, load balancer, clients, the last deployment.",
        ),
        held="5m",
        labels=subject.labels,
    )
