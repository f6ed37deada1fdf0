"""A service that can be broken while it runs, in the ways that alerts are about, and writes down what it is told."""

import asyncio
import json
import mmap
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from fastapi import FastAPI

import apivitals

SLEEP_SECONDS = 2.0
BLOCK_SECONDS = float(os.environ["BLOCK_SECONDS"])
CHUNKS, CHUNK_BYTES = 192, 16 * 2**20

broken: set[str] = set()
kept: list[mmap.mmap] = []


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    url = os.environ.get("DATABASE_URL")
    if url is None:
        yield
        return
    async with asyncpg.create_pool(url, min_size=4) as app.state.database:
        yield


app = FastAPI(lifespan=lifespan)
vitals = apivitals.instrument(app, alert_webhook=True, alert_webhook_token_file=os.environ["TOKEN_FILE"])


@vitals.on_alert
def write_down(alert: apivitals.Alert) -> None:
    with Path(os.environ["TOLD_FILE"]).open("a") as file:
        file.write(json.dumps([alert.job, alert.name, alert.severity, alert.status]) + "\n")


@app.get("/orders")
async def orders() -> int:
    """Ask the database, which may be slow."""
    return int(await app.state.database.fetchval("SELECT orders()"))


@app.get("/payments")
async def payments() -> str:
    """Ask a partner, who may not answer."""
    if "errors" in broken:
        raise ConnectionError("the bank does not answer")
    return "paid"


@app.get("/reports")
def reports() -> str:
    """Wait in a thread of the pool."""
    if "threads" in broken:
        time.sleep(SLEEP_SECONDS)
    return "report"


@app.get("/quotes")
async def quotes() -> str:
    """Wait on the event loop, as nobody should."""
    if "loop" in broken:
        time.sleep(BLOCK_SECONDS)  # noqa: ASYNC251  # the fault itself
    return "quote"


@app.get("/visits")
async def visits() -> str:
    return "welcome"


@app.post("/broken/{how}")
async def break_it(how: str) -> None:
    broken.add(how)
    if how == "memory":
        await asyncio.to_thread(take)


@app.delete("/broken/{how}")
async def repair(how: str) -> None:
    broken.discard(how)
    await asyncio.to_thread(give_back)


def take() -> None:
    """Take memory, and let the kernel fill it: Python's own writing would keep the event loop from its turn."""
    with Path("/dev/zero").open("rb", buffering=0) as zeros:
        for _ in range(CHUNKS):
            memory = mmap.mmap(-1, CHUNK_BYTES, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            zeros.readinto(memory)
            kept.append(memory)


def give_back() -> None:
    """Give it back part by part: all of it at once would hold up the event loop too."""
    while kept:
        kept.pop()
