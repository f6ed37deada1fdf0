"""What requests wait for before and between their own work: a thread, their turn, an end."""

from __future__ import annotations

from apivitals.catalog import http, runtime
from apivitals.dashboards import colours
from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.dashboards.selection import of_class, of_instance, threshold
from apivitals.slo import series
from apivitals.slo.series import COMPONENT, INSTANCE_LABEL, PRIORITY, ROUTE

_THREAD_WAIT = f'{COMPONENT}="threadpool_wait"'

WAITING = Row(
    "Thread pool, and requests that wait",
    (
        Lines(
            title="Threads in use, of the pool",
            description="Over five minutes, of the fullest worker of each instance. The alert fires over the dashed"
            " lines while calls wait. More threads help where they wait for I/O, not where they compute.",
            unit="percentunit",
            queries=(
                Query(f"max by ({INSTANCE_LABEL}) ({of_instance(series.THREADS)})", "{{instance}}"),
                Query(threshold("thread_pool"), "{{severity}} threshold"),
            ),
            least=0,
        ),
        Lines(
            title="Threads, and calls that wait for one",
            description="Of all workers together: the threads that there are, dashed, those in use, and the calls that"
            " wait. While any wait, so do all def endpoints of that worker; async def ones do not.",
            unit="none",
            queries=(
                Query(f"sum({of_instance(runtime.THREAD_POOL_IN_USE)})", "in use"),
                Query(f"sum({of_instance(runtime.THREAD_POOL_WAITING)})", "waiting"),
                Query(f"sum({of_instance(runtime.THREAD_POOL_SIZE)})", "size"),
            ),
            colours={"in use": "blue", "waiting": "red", "size": "text"},
            dashed="^size$",
            least=0,
        ),
        Lines(
            title="Wait for a thread, by route",
            description="Seconds of each request's mean response time that were spent waiting for a thread: the five"
            " routes with the most. They suffer; the routes that hold the threads are those with the most time.",
            unit="s",
            queries=(
                Query(
                    f"topk(5,\n  sum by ({ROUTE}) ({of_class(series.OF_ROUTE.component_seconds, _THREAD_WAIT)})\n"
                    f"  / (sum by ({ROUTE}) ({of_class(series.OF_ROUTE.requests)}) > 0)\n)",
                    f"{{{{{ROUTE}}}}}",
                ),
            ),
            least=0,
            when_empty="No route has sync endpoints or dependencies.",
        ),
        Lines(
            title="Queue time, p95",
            description="95 % of a class's requests waited less between the proxy and the service; it is not part of"
            " the response time. Over the dashed lines, add workers or unblock the loop.",
            unit="s",
            queries=(
                Query(f"max by ({PRIORITY}) ({of_class(series.QUEUE_TIME)})", f"{{{{{PRIORITY}}}}}"),
                Query(threshold("queue_time", beside=of_class(series.QUEUE_TIME)), "{{severity}} threshold"),
            ),
            colours=colours.PRIORITIES,
            least=0,
            when_empty="No proxy sends X-Request-Start.",
        ),
        Lines(
            title="In flight",
            description="Requests that have begun and not ended, of each instance. The alert fires when there were"
            " more than the dashed line for two minutes: they come faster than they go.",
            unit="none",
            queries=(
                Query(f"sum by ({INSTANCE_LABEL}) ({of_instance(http.ACTIVE_REQUESTS)})", "{{instance}}"),
                Query(threshold("in_flight_requests"), "{{severity}} threshold"),
            ),
            least=0,
        ),
        Lines(
            title="Oldest in flight",
            description="The age of the oldest request of each instance. A line that climbs with the time is one"
            " request that does not end; over the dashed lines, give what it waits for a timeout.",
            unit="s",
            queries=(
                Query(
                    f"max by ({INSTANCE_LABEL}) ({of_instance(http.OLDEST_ACTIVE_REQUEST)})",
                    "{{instance}}",
                ),
                Query(threshold("in_flight_age"), "{{severity}} threshold"),
            ),
            least=0,
        ),
    ),
)
