"""The process that makes histogram series: `python -m benchmarks.series SIDE LABEL_SETS HOW`.

It writes how many bytes one series takes, by what HOW names: `traced` (Python's allocations, from tracemalloc) or
`resident` (the process's own memory, which also sees what tracemalloc does not, and what allocation leaves unused).
"""

import asyncio
import gc
import sys
import tracemalloc
from collections.abc import Awaitable, Callable

import psutil
from prometheus_client import CollectorRegistry, Histogram

from benchmarks.traffic import HISTOGRAMS, METHODS, STATUSES, Traffic
from benchmarks.worker import answer

Make = Callable[[], Awaitable[None]]
Count = Callable[[], int]

LABELS = (
    "http_request_method",
    "http_route",
    "http_response_status_code",
    "url_scheme",
    "error_type",
    "priority",
)
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
BYTES = (0, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8)


async def ours(label_sets: int) -> tuple[Make, Count]:
    """Return what makes the series by requests, so that everything kept for a label set is counted."""
    traffic = Traffic(label_sets, breakdown=True)
    await traffic.client.start()
    # What the first request of a process brings with it is no series.
    await traffic.client.request("/none")
    before = traffic.histogram_series()
    return lambda: traffic.fill(1), lambda: traffic.histogram_series() - before


async def peer(label_sets: int) -> tuple[Make, Count]:
    """Return what makes the same series in prometheus-client's histograms."""
    registry = CollectorRegistry()
    histograms = [
        Histogram(f"histogram_{number}", "One of four.", LABELS, buckets=bounds, registry=registry)
        for number, bounds in enumerate((SECONDS, SECONDS, BYTES, BYTES))
    ]
    kinds = len(METHODS) * len(STATUSES)

    async def make() -> None:
        for number in range(label_sets):
            method, status = METHODS[number % len(METHODS)], str(STATUSES[number % len(STATUSES)])
            route = f"/shelf_{number // kinds}/videos/{{video}}"
            for histogram in histograms:
                histogram.labels(method, route, status, "http", "", "medium").observe(0.1)

    return make, lambda: label_sets * HISTOGRAMS


async def traced(make: Make) -> int:
    """Return the bytes of Python's allocations that remain."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    await make()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    return after - before


async def resident(make: Make) -> int:
    """Return by how many bytes the process's own memory has grown."""
    process = psutil.Process()
    before = process.memory_full_info().uss
    await make()
    gc.collect()
    return int(process.memory_full_info().uss - before)


async def main(side: str, label_sets: int, how: str) -> None:
    """Make the series that the arguments name and measure them."""
    make, count = await {"ours": ours, "peer": peer}[side](label_sets)
    gc.collect()
    grown = await {"traced": traced, "resident": resident}[how](make)
    answer({"bytes_per_series": grown / count()})


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
