"""A service with routes of each kind of priority, for the commands that ask one."""

from fastapi import FastAPI

import apivitals

app = FastAPI()
apivitals.instrument(app)


@app.get("/videos")
async def videos() -> list[str]:
    return []


@app.post("/payments/{number}")
@apivitals.priority("critical")
async def pay(number: int) -> int:
    return number


@app.get("/reports/{number}")
async def report(number: int) -> int:
    return number
