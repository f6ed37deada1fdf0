"""A service whose sync endpoint says how long it waited for its thread, by a clock of its own."""

import os
import threading
import time
from typing import Any

from fastapi import FastAPI, Request

import apivitals

app = FastAPI()
all_are_there = threading.Event()


class Arrival:
    """Notes when a request came by, just before the router, and when the last of `REQUESTS` did."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._missing = int(os.environ["REQUESTS"])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["arrived"] = time.perf_counter()
        if scope.get("path") == "/block":
            self._missing -= 1
            if not self._missing:
                all_are_there.set()
        await self.app(scope, receive, send)


@app.get("/block")
def block(request: Request, seconds: float) -> float:
    """Block from when all requests are there on."""
    waited: float = time.perf_counter() - request.scope["arrived"]
    all_are_there.wait(30)
    time.sleep(seconds)
    return waited


app.add_middleware(Arrival)
apivitals.instrument(app)
