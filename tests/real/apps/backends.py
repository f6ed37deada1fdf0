"""A service in front of a real PostgreSQL, a real Redis and a slow peer; it says itself what its calls took."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import redis.asyncio
import sqlalchemy
from fastapi import FastAPI

import apivitals

DATABASE_PORT, CACHE_PORT, PEER_PORT = (os.environ[name] for name in ("DATABASE_PORT", "CACHE_PORT", "PEER_PORT"))

# Made before `instrument`, as most are
engine = sqlalchemy.create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{DATABASE_PORT}/postgres")
cache = redis.asyncio.Redis(port=int(CACHE_PORT))
peer = httpx.AsyncClient(base_url=f"http://127.0.0.1:{PEER_PORT}", trust_env=False)
pools: list[Any] = []


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    address = f"postgresql://postgres@127.0.0.1:{DATABASE_PORT}/postgres"
    async with asyncpg.create_pool(address, min_size=2) as pool, peer, cache:
        pools.append(pool)
        await asyncio.gather(pool.fetchval("SELECT 1"), cache.ping(), peer.get("/delay/0"))
        yield
    engine.dispose()


app = FastAPI(lifespan=lifespan)


async def timed(call: Awaitable[Any]) -> float:
    """Await it; returns the seconds it took."""
    started = time.perf_counter()
    await call
    return time.perf_counter() - started


def query(seconds: float) -> Awaitable[Any]:
    call: Awaitable[Any] = pools[0].fetchval("SELECT pg_sleep($1)", seconds)
    return call


def wait_in_cache(seconds: float) -> Awaitable[Any]:
    return cache.blpop(["nothing"], timeout=seconds)


def ask_peer(seconds: float) -> Awaitable[Any]:
    return peer.get(f"/delay/{round(seconds * 1000)}")


@app.get("/asyncpg")
async def with_asyncpg(seconds: float) -> dict[str, float]:
    return {"database": await timed(query(seconds))}


@app.get("/sqlalchemy")
def with_sqlalchemy(seconds: float) -> dict[str, float]:
    with engine.connect() as connection:
        started = time.perf_counter()
        connection.execute(sqlalchemy.text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})
        return {"database": time.perf_counter() - started}


@app.get("/redis")
async def with_redis(seconds: float) -> dict[str, float]:
    return {"cache": await timed(wait_in_cache(seconds))}


@app.get("/httpx")
async def with_httpx(seconds: float) -> dict[str, float]:
    return {"external": await timed(ask_peer(seconds))}


@app.get("/in-turn")
async def in_turn(seconds: float) -> dict[str, float]:
    return {
        "database": await timed(query(seconds)),
        "cache": await timed(wait_in_cache(seconds)),
        "external": await timed(ask_peer(seconds)),
    }


@app.get("/at-once")
async def at_once(seconds: float) -> float:
    return await timed(asyncio.gather(query(seconds), wait_in_cache(seconds), ask_peer(seconds)))


@app.get("/n-plus-1")
async def n_plus_1(queries: int) -> int:
    async with pools[0].acquire() as connection:
        for number in range(queries):
            await connection.fetchval("SELECT $1::int", number)
    return queries


@app.get("/look-up/{key}")
async def look_up(key: str) -> str | None:
    found = await cache.get(key)
    if found is None:
        await cache.set(key, "found", ex=60)
        return None
    return str(found)


apivitals.instrument(app)
