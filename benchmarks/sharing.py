"""A worker of a service, measured: `python -m benchmarks.sharing SIDE LABEL_SETS`.

OURS is apivitals, PEER prometheus-client, which shares by PROMETHEUS_MULTIPROC_DIR. Both fill the same series, four
histograms for each label set. Each line of standard input is a command: `observe`, `request` or `render`.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest, multiprocess

from apivitals.catalog import http
from apivitals.export.prometheus import Format
from benchmarks.series import peer
from benchmarks.traffic import Traffic
from benchmarks.worker import answer

OBSERVATIONS = 50_000
REQUESTS = 2_000


class Ours:
    """An instrumented application that has joined the other workers, if there are any."""

    def __init__(self, label_sets: int) -> None:
        self._traffic = Traffic(label_sets)
        self.start_seconds = 0.0

    async def start(self, requests: int = 3) -> None:
        """Run the lifespan, in which it joins, and fill the series."""
        began = time.perf_counter()
        await self._traffic.client.start()
        self.start_seconds = time.perf_counter() - began
        await self._traffic.fill(requests)

    async def observe(self) -> float:
        """Return the CPU µs of one observation of a histogram."""
        page = self._traffic.vitals._exposition.page  # noqa: SLF001  # what a user has no name for
        store = next(store for name, store in page.contents.stores.items() if name.startswith("http"))
        histogram = next(i for i in store.instruments() if i.metric is http.REQUEST_DURATION)
        series: Any = next(series for _, series in histogram.all_series())
        return _cpu_us(lambda: [series.observe(0.02) for _ in range(OBSERVATIONS)], OBSERVATIONS)

    async def request(self) -> float:
        """Return the CPU µs of a whole request."""
        begin = time.process_time()
        for _ in range(REQUESTS):
            await self._traffic.client.request("/shelf_0/videos/x", query=b"status=200&size=10")
        return (time.process_time() - begin) / REQUESTS * 1e6

    async def render(self) -> bytes:
        """Return the page."""
        page = self._traffic.vitals._exposition.page  # noqa: SLF001  # likewise
        return b"".join(page.slices(page.gather(Format.TEXT), Format.TEXT, gzip=False))


def _cpu_us(act: Callable[[], object], times: int) -> float:
    begin = time.process_time()
    act()
    return (time.process_time() - begin) / times * 1e6


class Peer:
    """prometheus-client's histograms, in files of its own."""

    def __init__(self, label_sets: int) -> None:
        self._label_sets = label_sets

    async def start(self) -> None:
        """Fill the series."""
        make, _ = await peer(self._label_sets)
        await make()

    async def render(self) -> bytes:
        """Return the page, of all files."""
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it has no annotations
        return generate_latest(registry)


async def serve(side: str, label_sets: int) -> None:
    """Serve standard input until it ends."""
    subject: Any = {"ours": Ours, "peer": Peer}[side](label_sets)
    await subject.start()
    gc.collect()
    answer({"ready": side, "start_seconds": getattr(subject, "start_seconds", 0.0)})
    while command := (await asyncio.to_thread(sys.stdin.readline)).strip():
        if command == "render":
            wall, cpu = time.perf_counter(), time.thread_time()
            page = await subject.render()
            wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
            answer({"wall_seconds": wall, "cpu_seconds": cpu, "lines": page.count(b"\n")})
        else:
            answer({"us": await getattr(subject, command)()})
    answer({"ended": side})


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
