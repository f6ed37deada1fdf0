"""A small service that has a little of everything: classes of routes, failures, operations, a cache and a model."""

from itertools import count

from fastapi import FastAPI, HTTPException

import apivitals

app = FastAPI(title="kiosk")
_numbers = count()
_FAILS_EVERY = 5
_MISSES_EVERY = 3


@app.get("/papers/{number}")
@apivitals.priority("critical")
async def paper(number: int) -> int:
    if next(_numbers) % _MISSES_EVERY:
        apivitals.cache_hit("papers")
    else:
        apivitals.cache_miss("papers")
    return number


@app.get("/prints")
@apivitals.priority("low")
def prints() -> str:
    if next(_numbers) % _FAILS_EVERY == 0:
        raise HTTPException(503, "out of paper")
    with apivitals.track("pages", component="video") as operation:
        operation.items(3)
    return "printed"


@app.get("/advice")
async def advice() -> str:
    with apivitals.inference(provider="openai", model="gpt-x", feature="advice") as call:
        call.first_chunk()
        call.tokens(input=120, output=48)
    return "read more"


apivitals.instrument(app, sample_interval_seconds=1)
