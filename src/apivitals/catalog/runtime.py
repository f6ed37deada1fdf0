"""The event loop, the thread pool that sync endpoints run in, and the garbage collector."""

from __future__ import annotations

from apivitals.catalog.metric import Kind, Metric

GENERATION = "cpython.gc.generation"

_LAG_BOUNDS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_PAUSE_BOUNDS_SECONDS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)

EVENT_LOOP_LAG = Metric(
    "apivitals.event_loop.lag",
    Kind.HISTOGRAM,
    "s",
    "How much later than asked for the event loop ran a timer that is due every 100 ms, timer resolution included.",
    (),
    _LAG_BOUNDS_SECONDS,
)
EVENT_LOOP_LONGEST = Metric(
    "apivitals.event_loop.max_lag",
    Kind.GAUGE,
    "s",
    "The longest lag since the last sample, a block that is still going on included.",
)
EVENT_LOOP_BLOCKED = Metric(
    "apivitals.event_loop.blocked",
    Kind.COUNTER,
    "{block}",
    "Blocks of the event loop that took longer than the threshold; one a minute is logged with its stack.",
)
TASKS = Metric("apivitals.event_loop.tasks", Kind.GAUGE, "{task}", "Tasks of the event loop that are not done.")
THREAD_POOL_SIZE = Metric(
    "apivitals.thread_pool.size",
    Kind.GAUGE,
    "{thread}",
    "Threads that sync endpoints and dependencies may use at once.",
)
THREAD_POOL_IN_USE = Metric(
    "apivitals.thread_pool.in_use", Kind.GAUGE, "{thread}", "Threads of the pool that are in use."
)
THREAD_POOL_WAITING = Metric(
    "apivitals.thread_pool.waiting", Kind.GAUGE, "{call}", "Calls that wait for a thread of the pool."
)
GC_COLLECTIONS = Metric(
    "cpython.gc.collections", Kind.COUNTER, "{collection}", "Garbage collections, by generation.", (GENERATION,)
)
GC_COLLECTED = Metric(
    "cpython.gc.collected_objects",
    Kind.COUNTER,
    "{object}",
    "Objects that were collected, by generation.",
    (GENERATION,),
)
GC_UNCOLLECTABLE = Metric(
    "cpython.gc.uncollectable_objects",
    Kind.COUNTER,
    "{object}",
    "Objects that were found and could not be collected, by generation.",
    (GENERATION,),
)
GC_PAUSE = Metric(
    "apivitals.gc.pause",
    Kind.HISTOGRAM,
    "s",
    "Time that a garbage collection stopped the interpreter for, by generation.",
    (GENERATION,),
    _PAUSE_BOUNDS_SECONDS,
)
