"""A service whose endpoints block the event loop, as services should not."""

import time

from fastapi import FastAPI

import apivitals

app = FastAPI()
apivitals.instrument(app, sample_interval_seconds=0.2, blocked_loop_seconds=0.3)


@app.get("/block")
async def block(seconds: float) -> float:
    time.sleep(seconds)  # noqa: ASYNC251  # that is what it is for
    return seconds
