"""Event-loop lag, tasks and the thread pool, on asyncio and on uvloop; and what blocked the loop."""

import asyncio
import importlib.util
import re
import threading
import time

import anyio
import pytest

from apivitals.sources.event_loop import EventLoop
from apivitals.sources.watchdog import Watchdog
from apivitals.store import Store
from tests.support.families import distributions, numbers

LOOPS = [
    "asyncio",
    pytest.param(
        "uvloop", marks=pytest.mark.skipif(not importlib.util.find_spec("uvloop"), reason="uvloop is not installed")
    ),
]


def run(main, loop):
    if loop == "uvloop":
        import uvloop  # noqa: PLC0415  # only where it is installed

        uvloop.run(main)
    else:
        asyncio.run(main)


def seen(source):
    return {name: value for (name,), value in numbers(source.collect()).items()}


def block(seconds):
    time.sleep(seconds)


async def until(condition):
    with anyio.fail_after(60):
        while not condition():  # noqa: ASYNC110  # neither a source nor a thread has an event for asyncio
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("loop", LOOPS)
def test_block_shows_as_lag(loop):
    store = Store()
    event_loop = EventLoop(store)

    def longest():
        return seen(event_loop)["apivitals_event_loop_max_lag_seconds"]

    def lags():
        return distributions(store.collect())["apivitals_event_loop_lag_seconds",]

    async def main():
        event_loop.start()
        await asyncio.sleep(0.25)
        longest()  # of what was before
        due = time.monotonic() - event_loop.overdue()  # or later
        block(0.4)
        await asyncio.sleep(0.15)
        blocked = longest()
        assert 0.25 <= blocked <= time.monotonic() - due
        await until(lambda: longest() < blocked)  # which is since the last sample, not for ever
        await until(lambda: sum(lags().counts) >= 3)
        event_loop.stop()

    run(main(), loop)
    assert sum(lags().counts[8:]) >= 1, "one above 0.25 s"


@pytest.mark.parametrize("loop", LOOPS)
def test_block_that_goes_on_is_seen_by_another_thread(loop):
    event_loop = EventLoop(Store())
    looks = []

    async def main():
        event_loop.start()
        looking = threading.Timer(0.35, lambda: looks.append(seen(event_loop)))
        looking.start()
        block(0.5)
        looking.join()
        event_loop.stop()

    run(main(), loop)
    assert looks[0]["apivitals_event_loop_max_lag_seconds"] >= 0.2


@pytest.mark.parametrize("loop", LOOPS)
def test_tasks_and_thread_pool(loop):
    event_loop = EventLoop(Store())
    release = threading.Event()

    async def main():
        limiter = anyio.to_thread.current_default_thread_limiter()
        limiter.total_tokens = 2
        event_loop.start()
        calls = [asyncio.create_task(anyio.to_thread.run_sync(release.wait, 10)) for _ in range(5)]
        while limiter.statistics().tasks_waiting < 3:  # noqa: ASYNC110  # a limiter has no event
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.15)
        found = seen(event_loop)
        release.set()
        await asyncio.gather(*calls)
        event_loop.stop()
        assert found["apivitals_event_loop_tasks"] == 6
        assert found["apivitals_thread_pool_size"] == 2
        assert found["apivitals_thread_pool_in_use"] == 2
        assert found["apivitals_thread_pool_waiting"] == 3

    run(main(), loop)


def test_nothing_is_said_of_a_loop_that_is_not_watched():
    event_loop = EventLoop(Store())
    assert seen(event_loop) == {}
    assert event_loop.overdue() == 0

    async def main():
        event_loop.start()
        event_loop.stop()

    asyncio.run(main())
    assert seen(event_loop) == {}


class Telling(Watchdog):
    """Tells when it has seen the same block twice, and when there is none."""

    def __init__(self, *args):
        super().__init__(*args)
        self.saw_block, self.saw_rest = threading.Event(), threading.Event()

    def look(self):
        is_known = self._in_block
        super().look()
        if not self._in_block:
            self.saw_rest.set()
        elif is_known:
            self.saw_block.set()


def block_until(end):
    end.wait(60)


@pytest.mark.parametrize("loop", LOOPS)
def test_watchdog_names_the_line_that_blocks(loop, caplog):
    store = Store()
    event_loop = EventLoop(store)
    watchdog = Telling(event_loop, store, 0.2)

    async def main():
        event_loop.start()
        watchdog.start()
        block_until(watchdog.saw_block)
        watchdog.saw_rest.clear()
        await until(watchdog.saw_rest.is_set)
        watchdog.saw_block.clear()
        block_until(watchdog.saw_block)
        watchdog.stop()
        event_loop.stop()

    run(main(), loop)
    assert numbers(store.collect())["apivitals_event_loop_blocked_total",] == 2
    (record,) = caplog.records
    assert re.search(r"the event loop has been blocked for \d+\.\d s", record.message)
    assert "in block_until\n    end.wait(60)" in record.message
    assert "test_event_loop.py" in record.message


def test_watchdog_logs_once_a_minute(caplog):
    class Blocked:
        thread_id = threading.get_ident()
        late = 0.0

        def overdue(self):
            return self.late

    blocked, store, now = Blocked(), Store(), [0.0]
    watchdog = Watchdog(blocked, store, 1.0, clock=lambda: now[0])  # type: ignore[arg-type]  # a loop's state, without the loop
    for now[0], blocked.late in ((0, 0.5), (1, 1.5), (2, 2.5), (3, 0.0), (4, 1.5), (5, 0.0), (62, 1.5)):
        watchdog.look()
    assert numbers(store.collect())["apivitals_event_loop_blocked_total",] == 3
    assert len(caplog.records) == 2
