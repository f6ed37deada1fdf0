"""Runtime: what all requests of a process share: event loop, thread pool, garbage collector."""

from __future__ import annotations

from apivitals.catalog import http, runtime, worker
from apivitals.dashboards import colours
from apivitals.dashboards.board import Board
from apivitals.dashboards.panel import Heat, Lines, Number, Query, Row
from apivitals.dashboards.rows.firing import firing
from apivitals.dashboards.rows.garbage import GARBAGE
from apivitals.dashboards.rows.sessions import SESSIONS
from apivitals.dashboards.rows.waiting import WAITING
from apivitals.dashboards.selection import of_instance, rate, threshold
from apivitals.dashboards.variables import CLASS, INSTANCE, JOB
from apivitals.slo import series
from apivitals.slo.promql import bucket
from apivitals.slo.series import INSTANCE_LABEL

UID = "apivitals-runtime"
_BY = f"{INSTANCE_LABEL}, {worker.WORKER}"
_NAME = f"{{{{{INSTANCE_LABEL}}}}} {{{{{worker.WORKER}}}}}"
_ALERTS = (
    "ApiInFlightPileUp",
    "ApiRequestStuck",
    "ApiQueueTimeHigh",
    "ApiThreadPoolFull",
    "ApiEventLoopBlocked",
    "ApiGcPauses",
)
_LAG = rate(of_instance(bucket(runtime.EVENT_LOOP_LAG)))
_LAG_COLOURS = {"p50": "green", "p95": "orange", "p99": "red"}

_NOW = Row(
    "Now",
    (
        firing("the runtime", _ALERTS),
        Number(
            title="Longest lag",
            description="The longest that an event loop was late since its last sample, of all workers. All requests"
            " of that process stood still for so long.",
            unit="s",
            queries=(Query(f"max({of_instance(runtime.EVENT_LOOP_LONGEST)})", "lag"),),
            sparkline=True,
            steps=colours.ANY,
            width=3,
        ),
        Number(
            title="Blocks",
            description="Blocks of an event loop that were longer than blocked_loop_seconds, in the time that is"
            " shown. Each minute's first is in the log of the service, with the line that blocks.",
            unit="none",
            queries=(Query(f"sum(increase({of_instance(runtime.EVENT_LOOP_BLOCKED)}[$__range]))", "blocks"),),
            steps=colours.ANY_IS_TO_WATCH,
            decimals=0,
            width=3,
        ),
        Number(
            title="Thread pool",
            description="Threads in use, as a share of those that sync endpoints may use, of the fullest instance over"
            " five minutes. At 100 % the next call waits.",
            unit="percentunit",
            queries=(Query(f"max({of_instance(series.THREADS)})", "in use"),),
            sparkline=True,
            steps=colours.ANY,
            decimals=0,
            width=3,
        ),
        Number(
            title="Waiting calls",
            description="Calls of sync endpoints and dependencies that wait for a thread now, in all workers. If it is"
            " not 0, see below which route holds the threads.",
            unit="none",
            queries=(Query(f"sum({of_instance(runtime.THREAD_POOL_WAITING)})", "waiting"),),
            steps=colours.ANY_IS_TO_WATCH,
            decimals=0,
            width=3,
        ),
        Number(
            title="GC pauses",
            description="The share of the time in which garbage was collected, of the instance where it is the most:"
            " all threads stand still then. With several workers it is the sum of theirs.",
            unit="percentunit",
            queries=(Query(f"max({of_instance(series.GC_PAUSED)})", "collecting"),),
            sparkline=True,
            steps=colours.ANY,
            decimals=2,
            width=3,
        ),
        Number(
            title="In flight",
            description="Requests that have begun and not ended, in the chosen instances. What piles up waits for"
            " something that all share.",
            unit="none",
            queries=(Query(f"sum({of_instance(http.ACTIVE_REQUESTS)})", "in flight"),),
            sparkline=True,
            steps=colours.ANY,
            decimals=0,
            width=3,
        ),
        Number(
            title="Oldest request",
            description="How long the oldest request in flight has been running. Streams and long polls may; all else"
            " that takes minutes waits for a call without a timeout.",
            unit="s",
            queries=(Query(f"max({of_instance(http.OLDEST_ACTIVE_REQUEST)})", "oldest"),),
            steps=colours.ANY,
            width=3,
        ),
    ),
)

_EVENT_LOOP = Row(
    "Event loop",
    (
        Lines(
            title="Lag",
            description="How much later than asked for the event loops run a timer that is due every 100 ms. p50 of a"
            " few milliseconds is the timer itself; p99 that climbs is code that computes without await.",
            unit="s",
            queries=tuple(
                Query(f"histogram_quantile({series.QUANTILES[name]}, sum by (le) ({_LAG})) >= 0", name)
                for name in _LAG_COLOURS
            ),
            colours=_LAG_COLOURS,
            least=0,
        ),
        Heat(
            title="Lags",
            description="How often each lag was met. A second band far above the first is one kind of call that"
            " blocks: its height is how long it does.",
            unit="s",
            queries=(Query(f"sum by (le) ({_LAG})", "{{le}}"),),
        ),
        Lines(
            title="Longest lag of each process",
            description="The longest block since the last sample, one that still goes on included. The alert compares"
            " the mean of two minutes with the dashed lines. Move what blocks off the loop: def, or to_thread.",
            unit="s",
            queries=(
                Query(f"max by ({_BY}) ({of_instance(runtime.EVENT_LOOP_LONGEST)})", _NAME),
                Query(threshold("event_loop_lag"), "{{severity}} threshold"),
            ),
            least=0,
        ),
        Lines(
            title="Lateness, per second",
            description="Seconds of lag that each second has, added up over the ten timers that are due in it and over"
            " the workers. It shows many small blocks, which no single lag does.",
            unit="s",
            queries=(Query(f"max by ({INSTANCE_LABEL}) ({of_instance(series.LOOP_LATE)})", "{{instance}}"),),
            least=0,
        ),
        Lines(
            title="Blocks, per minute",
            description="Blocks longer than blocked_loop_seconds (1 s, unless set). The first of a minute is in the"
            " log of the service, with its stack: that is the line to change.",
            unit="none",
            queries=(
                Query(
                    f"60 * sum by ({INSTANCE_LABEL}) ({rate(of_instance(runtime.EVENT_LOOP_BLOCKED))})",
                    "{{instance}}",
                ),
            ),
            least=0,
        ),
        Lines(
            title="Tasks",
            description="Tasks of each event loop that are not done; a few belong to each request in flight. A number"
            " that grows while the requests in flight do not is tasks that are started and never end.",
            unit="none",
            queries=(Query(f"sum by ({_BY}) ({of_instance(runtime.TASKS)})", _NAME),),
            least=0,
        ),
    ),
)

RUNTIME = Board(
    UID,
    "Runtime",
    "What all requests of a process share: event loop, thread pool, garbage collector; and the requests that wait.",
    (JOB, INSTANCE, CLASS),
    (_NOW, _EVENT_LOOP, WAITING, GARBAGE, SESSIONS),
)
