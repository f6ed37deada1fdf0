"""The process of one side: `python -m benchmarks.rendering.process SIDE ARGUMENT`.

Each line of standard input is a JSON list: ["render", FORMAT, ENCODING], ["write", FILE] or ["idle"].
"""

import asyncio
import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from benchmarks.rendering import IDENTITY, TEXT, Render
from benchmarks.stall import Stall, idle, longest_stall
from benchmarks.worker import answer


async def measured(render: Render, form: str, encoding: str) -> dict[str, Any]:
    """Render once alone, for the time, and once beside a task that ticks, for the stall."""
    wall, cpu = time.perf_counter(), time.process_time()
    page = await render(form, encoding)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    stall = await longest_stall(render(form, encoding))
    return {"wall_seconds": wall, "cpu_seconds": cpu, **_stall(stall), "bytes": sum(map(len, page))}


async def write(render: Render, file: str) -> dict[str, Any]:
    """Write the text to a file and return its number of lines."""
    page = b"".join(await render(TEXT, IDENTITY))
    Path(file).write_bytes(page)  # noqa: ASYNC240 - nothing else runs meanwhile
    return {"lines": page.count(b"\n")}


async def answered(render: Render, command: str, *operands: str) -> dict[str, Any]:
    """Do what one line asks for."""
    if command == "render":
        return await measured(render, *operands)
    if command == "write":
        return await write(render, *operands)
    return _stall(await longest_stall(idle()))


def _stall(stall: Stall) -> dict[str, float]:
    return {"stall_seconds": stall.wall, "own_stall_seconds": stall.own}


async def serve(side: str, argument: str) -> None:
    """Serve standard input until it ends."""
    render = cast("Render", await import_module(f"benchmarks.rendering.{side}").build(argument))
    answer({"ready": side})
    while line := await asyncio.to_thread(sys.stdin.readline):
        answer(await answered(render, *json.loads(line)))
    answer({"ended": side})


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
