"""A service whose traces go where the OTEL_* variables say, through FastAPI's own telemetry or ours."""

from fastapi import FastAPI

import apivitals

app = FastAPI()
apivitals.instrument(app)


@app.get("/hello/{name}")
async def hello(name: str) -> str:
    with apivitals.track("greeting", component="words") as operation:
        operation.items(1)
        return f"hello {name}"
