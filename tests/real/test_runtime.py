"""The runtime's metrics against known disturbances, and what a scrape must not do."""

import importlib.util
import subprocess
import sys
import textwrap
import time

import pytest

from tests.support.exposition import samples
from tests.support.plain_http import get
from tests.support.servers import eventually, uvicorn

pytest.importorskip("fastapi", reason="the service is a FastAPI one")

LAG = "apivitals_event_loop_lag_seconds"
BLOCKED = "apivitals_event_loop_blocked_total"


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_endpoint_that_sleeps_on_the_event_loop(loop):
    if importlib.util.find_spec(loop) is None:
        pytest.skip(f"{loop} is not installed")
    with uvicorn("tests.real.apps.busy:app", f"--loop={loop}") as server:

        def page():
            return samples(get(f"{server.url}/metrics").body)

        began = time.monotonic()
        eventually(lambda: page().value(f"{LAG}_count") > 2, "the loop is watched")
        shown = page()
        before, blocks = shown.value(f"{LAG}_sum"), shown.value(BLOCKED)
        assert get(f"{server.url}/block?seconds=0.8").status == 200
        eventually(lambda: page().value(f"{LAG}_sum") - before > 0.5, "the lag is seen")
        # the timer was due at some moment of the first 100 ms of the block
        assert 0.7 * 0.95 <= page().value(f"{LAG}_sum") - before <= time.monotonic() - began
        eventually(lambda: page().value(BLOCKED) >= blocks + 1, "the watchdog has seen it")
        assert "the event loop has been blocked for" in server.log
        assert "time.sleep(seconds)" in server.log


def test_gc_pause_is_what_the_collector_took():
    """A known heap of cycles, timed by the test's own callbacks before and after ours."""
    run("""
    import gc, time
    from apivitals.sources.garbage import GarbageCollector
    from apivitals.store import Store

    store, before, after = Store(), [], []
    source = GarbageCollector(store)
    gc.disable()
    source.start()
    gc.callbacks.insert(0, lambda phase, info: before.append(time.perf_counter()))
    gc.callbacks.append(lambda phase, info: after.append(time.perf_counter()))

    class Node: pass
    def garbage():
        for _ in range(200_000):
            node = Node()
            node.itself = node
    garbage()
    gc.collect()
    source.stop()  # or a sample: what was timed is observed then
    (family,) = store.collect()
    (pause,) = [point for point in family.points if sum(point.counts)]
    assert sum(pause.counts) == 1 and pause.labels == ("2",), pause
    inner, outer = before[1] - after[0], after[1] - before[0]  # the end of it at the one, the beginning at the other
    assert 0.02 < inner <= pause.sum <= outer, (inner, pause.sum, outer)
    """)


def test_scrape_reads_no_file_and_asks_no_driver():
    """Everything was read by the sampler; a scrape that opened /proc, or NVML, would be held up by it."""
    run("""
    import asyncio, sys, threading
    from starlette.applications import Starlette
    import apivitals
    from tests.support.asgi import Client
    from tests.support.exposition import samples

    app = Starlette()
    apivitals.instrument(app, sample_interval_seconds=3600, registries=())
    touched = []

    async def main():
        async with Client(app).lifespan():
            async def page():
                return samples((await Client(app).get("/metrics")).text)
            first = {"process_memory_usage_bytes", "system_memory_limit_bytes"}
            while not first <= (await page()).names():
                await asyncio.sleep(0.02)
            def hook(event, arguments):
                if not watching or threading.current_thread().name in {"apivitals-process", "apivitals-machine"}:
                    return
                if event.split(".")[0] in {"open", "os", "ctypes", "socket", "subprocess", "glob"}:
                    touched.append((event, arguments))
            watching = True
            sys.addaudithook(hook)
            found = await page()
            watching = False
            assert first <= found.names()
            assert touched == [], touched

    asyncio.run(main())
    """)


def run(body):
    """Run `body` in a process of its own; it asserts for itself."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(body)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
