"""The event loop: how late it runs what is due, and the thread pool beside it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator

import anyio.to_thread

from apivitals.catalog import Metric
from apivitals.catalog import runtime as catalog
from apivitals.families import Family, Number
from apivitals.store import Backend

_INTERVAL_SECONDS = 0.1


class EventLoop:
    """A timer that is due every 100 ms and looks how late it is; works on any asyncio loop, uvloop's too.

    Patching the loop's handles instead would see each callback, but not on uvloop, whose handles are not Python's.
    """

    name = "event_loop"

    def __init__(self, store: Backend, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._lag = store.histogram(catalog.EVENT_LOOP_LAG).bind(())
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._limiter: anyio.CapacityLimiter | None = None
        self._due = 0.0
        self._longest = 0.0
        self._pool: tuple[float, float, float] | None = None
        self.thread_id = 0

    def start(self) -> None:
        """Watch the running loop; called in a task of it."""
        self.stop()
        self._loop = asyncio.get_running_loop()
        self._limiter = anyio.to_thread.current_default_thread_limiter()
        self.thread_id = threading.get_ident()
        self._longest = 0.0
        self._wait()

    def stop(self) -> None:
        """Leave the loop alone."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop = self._pool = None

    def _wait(self) -> None:
        assert self._loop is not None  # noqa: S101  # only between start and stop
        self._due = self._clock() + _INTERVAL_SECONDS
        self._timer = self._loop.call_later(_INTERVAL_SECONDS, self._tick)

    def _tick(self) -> None:
        if self._loop is None:
            return
        lag = max(0.0, self._clock() - self._due)
        self._lag.observe(lag)
        self._longest = max(self._longest, lag)
        if self._limiter is not None:
            pool = self._limiter.statistics()
            self._pool = (float(pool.total_tokens), float(pool.borrowed_tokens), float(pool.tasks_waiting))
        self._wait()

    def overdue(self) -> float:
        """Return for how many seconds the timer has been due; 0 if it is not, or nothing is watched."""
        return max(0.0, self._clock() - self._due) if self._loop is not None else 0.0

    def collect(self) -> Iterator[Family]:
        """Yield the longest lag since the last call, the tasks, and the pool as it was at the last timer."""
        loop = self._loop
        if loop is None:
            return
        longest, self._longest = max(self._longest, self.overdue()), 0.0
        yield _gauge(catalog.EVENT_LOOP_LONGEST, longest)
        yield _gauge(catalog.TASKS, float(len(asyncio.all_tasks(loop))))
        if self._pool is not None:
            size, in_use, waiting = self._pool
            yield _gauge(catalog.THREAD_POOL_SIZE, size)
            yield _gauge(catalog.THREAD_POOL_IN_USE, in_use)
            yield _gauge(catalog.THREAD_POOL_WAITING, waiting)


def _gauge(metric: Metric, value: float) -> Family:
    return Family(metric, (), [Number((), value)])
