"""Requests that pile up or wait, the event loop, the thread pool, garbage collection."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.catalog import http, runtime
from apivitals.objectives.values import percentage_of
from apivitals.slo.alerting import About, Text, alert, graded
from apivitals.slo.first import grown_component
from apivitals.slo.intervals import WINDOW_SECONDS
from apivitals.slo.plan import Plan
from apivitals.slo.promql import number
from apivitals.slo.rule import Alert
from apivitals.slo.series import CLASS, COMPONENT, GC_PAUSED, INSTANCE, JOB, METHOD, OF_ROUTE, QUEUE_TIME, ROUTE
from apivitals.slo.template import COUNT, DURATION, THE_COUNT, THE_DURATION, THE_PERCENTAGE, asked, label, of, same
from apivitals.slo.thresholds.machine import INSTANCE_OF, ratio_alerts


def waiting_alerts(plan: Plan) -> Iterator[Alert]:
    """Yield the alerts on requests that are not done, or not begun."""
    yield from _in_flight(plan)
    yield from _stuck(plan)
    yield from _queued(plan)


def runtime_alerts(plan: Plan) -> Iterator[Alert]:
    """Yield the alerts on what all requests of a process share."""
    yield from _thread_pool(plan)
    yield from _event_loop(plan)
    yield from ratio_alerts(
        plan,
        "ApiGcPauses",
        "runtime",
        plan.objectives.thresholds.gc_pause_percent,
        plan.select(GC_PAUSED),
        "of the time goes to garbage collection",
        "Look first at what makes so many objects: large responses, whole result sets, caches that never forget.",
        held="10m",
    )


def _in_flight(plan: Plan) -> Iterator[Alert]:
    active = plan.select(http.ACTIVE_REQUESTS, over="2m")
    most = f"topk(1, sum by ({ROUTE}) ({plan.select(http.ACTIVE_REQUESTS, *same(*INSTANCE.labels))}))"
    for grade in graded(plan.objectives.thresholds.in_flight_requests):
        yield alert(
            plan,
            About("ApiInFlightPileUp", "runtime", "threshold", INSTANCE.labels),
            f"sum by ({INSTANCE.by}) (min_over_time({active})) >= {number(grade.threshold)}",
            grade.severity,
            Text(
                f"{INSTANCE_OF}: {THE_COUNT} requests in flight",
                f"{THE_COUNT} requests have begun and not ended; the threshold is {number(grade.threshold)}."
                f"{asked(most, f' {COUNT} of them are in {of(ROUTE)}.')} {grown_component(plan.select, JOB)}",
            ),
            held="1m",
        )


def _stuck(plan: Plan) -> Iterator[Alert]:
    by = f"{INSTANCE.by}, {METHOD}, {ROUTE}"
    for grade in graded(plan.objectives.thresholds.in_flight_age_seconds):
        yield alert(
            plan,
            About("ApiRequestStuck", "runtime", "threshold", (*INSTANCE.labels, ROUTE)),
            f"max by ({by}) ({plan.select(http.OLDEST_ACTIVE_REQUEST)}) >= {number(grade.threshold)}",
            grade.severity,
            Text(
                f"{label(METHOD)} {label(ROUTE)} of {label('job')}: a request has run for {THE_DURATION}",
                f"The oldest request in flight in {label('instance')} began {THE_DURATION} ago. Look first at whether"
                " it may: a stream, a long poll or an upload may. Else it waits for a call without a timeout.",
            ),
            held="1m",
        )


def _queued(plan: Plan) -> Iterator[Alert]:
    enough = f"{plan.select(CLASS.requests)} * {WINDOW_SECONDS} >= {plan.objectives.thresholds.minimum_requests}"
    for grade in graded(plan.objectives.thresholds.queue_time_seconds):
        yield alert(
            plan,
            About("ApiQueueTimeHigh", "runtime", "threshold", CLASS.labels),
            f"{plan.select(QUEUE_TIME)} >= {number(grade.threshold)}\nand\n{enough}",
            grade.severity,
            Text(
                f"{label('priority')}-priority requests of {label('job')}: {THE_DURATION} between proxy and service",
                f"5 % of the requests wait longer than {THE_DURATION} before the service begins with them; the"
                f" threshold is {number(grade.threshold)} s. Look first at the event loop and at how many workers"
                " there are: the time is not part of the response time.",
            ),
            held="5m",
        )


def _thread_pool(plan: Plan) -> Iterator[Alert]:
    select = plan.select
    used = f"avg_over_time({select(runtime.THREAD_POOL_IN_USE, over='2m')}) / {select(runtime.THREAD_POOL_SIZE)}"
    waits = f"max_over_time({select(runtime.THREAD_POOL_WAITING, over='2m')}) > 0"
    waiting = select(runtime.THREAD_POOL_WAITING, *same(*INSTANCE.labels))
    size = select(runtime.THREAD_POOL_SIZE, *same(*INSTANCE.labels))
    for grade in graded(plan.objectives.thresholds.thread_pool_percent):
        yield alert(
            plan,
            About("ApiThreadPoolFull", "runtime", "threshold", INSTANCE.labels),
            f"{used} >= {number(percentage_of(grade.threshold))}\nand\n{waits}",
            grade.severity,
            Text(
                f"{INSTANCE_OF}: {THE_PERCENTAGE} of the thread pool is in use, and calls wait",
                f"{THE_PERCENTAGE} of{asked(size, f' {COUNT}')} threads are in use and"
                f" {asked(waiting, f'{COUNT} calls wait', 'calls wait')} for one; all sync endpoints wait with them."
                f" {grown_component(select, JOB)}{_busiest_route(plan)}",
            ),
            held="1m",
        )


def _busiest_route(plan: Plan) -> str:
    series = plan.select(OF_ROUTE.response_sum, *same(*JOB.labels))
    return asked(f"topk(1, {series})", f" Most time goes to {of(METHOD)} {of(ROUTE)}.")


def _blocking_route(plan: Plan) -> str:
    """Name the route that may block: what is shorter than `blocked_loop_seconds` leaves no line in the log."""
    series = plan.select(OF_ROUTE.component_seconds, *same(*JOB.labels), f'{COMPONENT}="endpoint"')
    return asked(
        f"topk(1, {series})",
        f" Look first at {of(METHOD)} {of(ROUTE)}, whose own code takes the most time; no block was long enough to be"
        " logged.",
        " Look first at the log of the service, which has the lines of long blocks.",
    )


def _event_loop(plan: Plan) -> Iterator[Alert]:
    select = plan.select
    lag = f"avg_over_time({select(runtime.EVENT_LOOP_LONGEST, over='2m')})"
    longest = f"max_over_time({select(runtime.EVENT_LOOP_LONGEST, *same(*INSTANCE.labels), over='5m')})"
    blocks = f"increase({select(runtime.EVENT_LOOP_BLOCKED, *same(*INSTANCE.labels), over='5m')}) > 0"
    logged = f" {COUNT} blocks were long enough to be logged: look first at the log of the service, which has the line."
    for grade in graded(plan.objectives.thresholds.event_loop_lag_seconds):
        yield alert(
            plan,
            About("ApiEventLoopBlocked", "runtime", "threshold", INSTANCE.labels),
            f"max by ({INSTANCE.by}) ({lag}) >= {number(grade.threshold)}",
            grade.severity,
            Text(
                f"{INSTANCE_OF}: the event loop is {THE_DURATION} late",
                f"For two minutes the event loop was blocked for {THE_DURATION} at a time"
                f"{asked(longest, f', for {DURATION} at the longest')}; the threshold is {number(grade.threshold)} s."
                f"{asked(blocks, logged, _blocking_route(plan))}",
            ),
            held="1m",
        )
