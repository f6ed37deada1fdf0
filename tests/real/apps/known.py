"""A service whose every answer is known beforehand: delays, sizes, failures."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

import apivitals

app = FastAPI()
apivitals.instrument(app)

CHUNK_BYTES = 1000


@app.get("/delay/{milliseconds}")
async def delay(milliseconds: int) -> PlainTextResponse:
    await asyncio.sleep(milliseconds / 1000)
    return PlainTextResponse("done")


@app.get("/size/{size}")
async def size(size: int) -> Response:
    return Response(b"x" * size)


@app.get("/chunks/{count}")
async def chunks(count: int) -> StreamingResponse:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * CHUNK_BYTES

    return StreamingResponse(stream())


@app.post("/upload")
async def upload(request: Request) -> dict[str, int]:
    return {"size": len(await request.body())}


@app.get("/busy")
async def busy() -> None:
    raise HTTPException(503, "busy")


@app.get("/broken")
async def broken() -> None:
    raise LookupError("broken on purpose")


@app.get("/typed/{number}")
def typed(number: int) -> dict[str, int]:
    return {"number": number}


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)
