"""How long work keeps an event loop to itself."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass


@dataclass(frozen=True)
class Stall:
    """The longest time, in seconds, between two turns of a task that was ready all the while.

    `wall` is what the task sees; `own` is the CPU time that this process (all its threads, for they share one lock)
    used in it. On a machine with other work to do, the scheduler stops the process for whole time slices: they are in
    `wall` and are not the work's doing.
    """

    wall: float
    own: float


async def longest_stall(work: Awaitable[object]) -> Stall:
    """Do the work beside a task that ticks, and return the longest stall of that."""
    wall = own = 0.0

    async def tick() -> None:
        nonlocal wall, own
        last_wall, last_own = time.perf_counter(), time.process_time()
        while True:
            await asyncio.sleep(0)
            now_wall, now_own = time.perf_counter(), time.process_time()
            wall, own = max(wall, now_wall - last_wall), max(own, now_own - last_own)
            last_wall, last_own = now_wall, now_own

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    await work
    await asyncio.sleep(0)
    ticking.cancel()
    return Stall(wall, own)


async def idle(turns: int = 20_000) -> None:
    """Do nothing for so many turns of the loop: what then seems to stall it is the machine."""
    for _ in range(turns):
        await asyncio.sleep(0)
