"""A service that uses all that rules are about."""

from fastapi import FastAPI

import apivitals

app = FastAPI()
apivitals.instrument(app, trust_queue_header=True, priorities={"/pay": "critical", "/report": "low"})


@app.get("/pay")
async def pay() -> str:
    apivitals.cache_hit("sessions")
    apivitals.cache_miss("sessions")
    return "paid"


@app.get("/report")
def report() -> str:
    with apivitals.track("render", component="pdf") as operation:
        operation.items(3)
    with apivitals.inference(provider="local", model="small", feature="summary") as call:
        list(call.stream(iter("ab")))
        call.tokens(input=3, output=2)
    return "done"


@app.get("/broken")
async def broken() -> None:
    raise LookupError("broken on purpose")
