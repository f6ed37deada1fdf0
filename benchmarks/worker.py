"""The process that measures one variant: `python -m benchmarks.worker VARIANT ROUTES WARM_UP`.

It reads how many requests to make, one number a line, and answers each with the CPU nanoseconds that they took.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from benchmarks.client import Client
from benchmarks.subject import target_path
from benchmarks.variants import VARIANTS


class Measurement:
    """One instrumented app and its client."""

    def __init__(self, variant: str, routes: int) -> None:
        self._subject = VARIANTS[variant].build(routes)
        self._client = Client(self._subject.app)
        self._path = target_path(routes)
        self._sent = 0

    async def start(self) -> None:
        """Start the app."""
        await self._client.start()

    async def cpu_ns(self, requests: int) -> int:
        """Return the process's CPU time for so many requests, made one after the other."""
        begin = time.process_time_ns()
        await self._client.drive(self._path, requests)
        spent = time.process_time_ns() - begin
        self._sent += requests
        return spent

    async def check(self) -> None:
        """Raise RuntimeError unless the telemetry has seen every request: nothing is cheaper than a disabled one."""
        if self._subject.counted is None:
            return
        counted = await self._subject.counted(self._client)
        if counted != self._sent:
            raise RuntimeError(f"{self._sent} requests were made, and the telemetry counted {counted}")


async def serve(variant: str, routes: int, warm_up: int) -> None:
    """Measure what standard input asks for until it ends."""
    measurement = Measurement(variant, routes)
    await measurement.start()
    await measurement.cpu_ns(warm_up)
    await measurement.check()
    answer({"ready": variant})
    while line := await asyncio.to_thread(sys.stdin.readline):
        answer({"cpu_ns": await measurement.cpu_ns(int(line))})
    await measurement.check()
    answer({"checked": variant})


def answer(fields: Mapping[str, Any]) -> None:
    """Write one line of JSON."""
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
