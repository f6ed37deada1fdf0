"""A service whose sync endpoint says how long it waited for its thread, by a clock of its own."""

import time
from typing import Any

from fastapi import FastAPI, Request

import apivitals

app = FastAPI()


class Arrival:
    """Notes when a request came by, just before the router."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["arrived"] = time.perf_counter()
        await self.app(scope, receive, send)


@app.get("/block")
def block(request: Request, seconds: float) -> float:
    waited: float = time.perf_counter() - request.scope["arrived"]
    time.sleep(seconds)
    return waited


app.add_middleware(Arrival)
apivitals.instrument(app)
