"""A service for several workers, with metrics of its own by both APIs."""

import asyncio
import os

import prometheus_client
from fastapi import FastAPI
from opentelemetry import metrics

import apivitals

app = FastAPI(title="shared")
apivitals.instrument(app)
orders = prometheus_client.Counter("orders", "Orders taken.", ["kind", "worker"])
mails = metrics.get_meter("shop").create_counter("mails")


@app.get("/hello/{name}")
async def hello(name: str) -> str:
    return f"hello {name}"


@app.get("/who")
async def who() -> int:
    return os.getpid()


@app.get("/wait/{seconds}")
async def wait(seconds: float) -> int:
    await asyncio.sleep(seconds)
    return os.getpid()


@app.post("/orders")
async def order() -> int:
    orders.labels("book", "ada").inc()
    mails.add(1, {"to": "ada"})
    with apivitals.track("resize", component="video"):
        return os.getpid()
