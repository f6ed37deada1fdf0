"""The shop's partner: keeps the ratings, takes the payments, and has two language models.

It is not measured; it is what the shop waits for. It fails on a fixed share of the payments and of the completions, so
that two runs of the demo show the same.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from fastapi import FastAPI, HTTPException

from apivitals.demo import completions, language_model


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Have the models ready before the first question."""
    for name in language_model.SIZES:
        language_model.load(name)
    yield


app = FastAPI(title="Partner", lifespan=lifespan)
app.include_router(completions.router)

_payments = count(1)
_RATINGS_SECONDS = 0.004
_AUTHORISATION_SECONDS = 0.04
"""How far away the bank is."""
_UNAVAILABLE_EVERY = 10
_UNCLEAR_EVERY = 25


@app.get("/ratings/{video_id}")
async def ratings(video_id: int) -> dict[str, float | int]:
    """Give the number of ratings of a film and their mean, from one to five stars."""
    await asyncio.sleep(_RATINGS_SECONDS * (1 + video_id % 5))
    return {"count": video_id * 37 % 900, "stars": 1 + video_id % 9 / 2}


@app.post("/payments")
async def pay(payment: dict[str, Any]) -> dict[str, Any]:
    """Take a payment; every tenth is refused with 503, and every twenty-fifth answered without a receipt."""
    number = next(_payments)
    await asyncio.sleep(_AUTHORISATION_SECONDS * (1 + number % 4 / 4))
    if number % _UNAVAILABLE_EVERY == _UNAVAILABLE_EVERY // 2:
        raise HTTPException(503, "the bank does not answer")
    if number % _UNCLEAR_EVERY == _UNCLEAR_EVERY // 2:
        return {"amount_cents": payment.get("amount_cents")}
    return {"amount_cents": payment.get("amount_cents"), "receipt": f"R{number:06}"}


@app.get("/health")
async def health() -> dict[str, str]:
    """Say that the partner is there."""
    return {"status": "open"}
