"""An app under bounded load in this process, with its memory sampled: does it stay flat?"""

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass
from statistics import linear_regression, median
from typing import Any

import psutil
from starlette.types import Message

from benchmarks.client import make_scope
from benchmarks.report import say
from benchmarks.traffic import Traffic

REQUESTS_PER_SECOND = 500
LABEL_SETS = 120
SCRAPE_EVERY_SECONDS = 5
# The allocator takes and gives back whole arenas; a growth below two of them says nothing.
FLAT_BYTES = 512 * 1024
SHORTEST_SECONDS = 60


@dataclass(frozen=True)
class Sample:
    """The resident memory after so many seconds and requests."""

    seconds: float
    requests: int
    resident_bytes: int


class Load:
    """Mixed traffic: what the app has series for, scans, invented methods, clients that leave; scrapes."""

    def __init__(self) -> None:
        self._traffic = Traffic(LABEL_SETS)
        self._chance = random.Random(1895)  # noqa: S311 - traffic, not secrets
        self.requests = 0

    async def warm(self) -> None:
        """Make every series."""
        await self._traffic.client.start()
        await self._traffic.fill(20)

    async def burst(self, requests: int) -> None:
        """Make so many requests."""
        for _ in range(requests):
            await self._one()
        self.requests += requests

    async def scrape(self) -> None:
        """Ask for the page, as a Prometheus does."""
        headers = ((b"host", b"localhost"), (b"accept", b"text/plain"), (b"accept-encoding", b"gzip"))
        await self._traffic.client.request("/metrics", headers=headers)

    async def _one(self) -> None:
        chance = self._chance
        client, kind, number = self._traffic.client, chance.random(), chance.randrange(10**9)
        path = f"/shelf_{number % 20}/videos/{number}"
        query = b"status=200&size=%d" % (number % 5000)
        if kind < 0.8:  # noqa: PLR2004 - shares of the mix
            await client.request(path, query=query)
        elif kind < 0.9:  # noqa: PLR2004
            await client.request(f"/wp-admin/{number}.php")
        elif kind < 0.95:  # noqa: PLR2004
            await client.request(path, method=f"X{number}")
        else:
            await self._leave(path, query)

    async def _leave(self, path: str, query: bytes) -> None:
        async def send(_message: Message) -> None:
            raise OSError("the client left")

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        # As a server would: which error Starlette makes of it depends on its version.
        with suppress(Exception):
            await self._traffic.app(make_scope(path, query=query), receive, send)


async def _samples(seconds: int) -> list[Sample]:
    load, process = Load(), psutil.Process()
    await load.warm()
    samples: list[Sample] = []
    begin = time.perf_counter()
    for second in range(1, seconds + 1):
        await load.burst(REQUESTS_PER_SECOND)
        if second % SCRAPE_EVERY_SECONDS == 0:
            await load.scrape()
        now = time.perf_counter() - begin
        samples.append(Sample(now, load.requests, process.memory_info().rss))
        await asyncio.sleep(max(0.0, second - now))
    return samples


def soak(seconds: int) -> dict[str, Any]:
    """Load the app for so long, print what its memory did, and return it."""
    samples = asyncio.run(_samples(seconds))
    # What a process takes in its first quarter is caches and first times.
    settled = samples[len(samples) // 4 :]
    third = max(len(settled) // 3, 1)
    first, last = (median(sample.resident_bytes for sample in part) for part in (settled[:third], settled[-third:]))
    slope = 0.0
    if len(settled) > 1:
        moments = [sample.seconds for sample in settled]
        slope = linear_regression(moments, [float(sample.resident_bytes) for sample in settled]).slope
    flat = "flat" if last - first < FLAT_BYTES else "NOT FLAT"
    if seconds < SHORTEST_SECONDS:
        flat = f"too short to say, {SHORTEST_SECONDS} s are the least"
    requests = settled[-1].requests - settled[0].requests
    say(
        f"Soak: {samples[-1].seconds:.0f} s, {samples[-1].requests:,} requests. After the first quarter resident "
        f"memory went from {first / 2**20:.1f} to {last / 2**20:.1f} MiB, {slope * 60 / 1024:+.0f} KiB a minute, "
        f"{(last - first) / max(requests, 1):+.2f} bytes a request: {flat}"
    )
    return {"verdict": flat, "bytes_per_second": slope, "samples": [vars(sample) for sample in samples]}
