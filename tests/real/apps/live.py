"""A service with a response that never ends, and a WebSocket."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse

import apivitals

app = FastAPI()
apivitals.instrument(app)


@app.get("/hello/{name}")
async def hello(name: str) -> str:
    return f"hello {name}"


@app.get("/endless")
async def endless() -> StreamingResponse:
    async def stream() -> AsyncIterator[bytes]:
        while True:
            yield b"tick\n"
            await asyncio.sleep(0.01)

    return StreamingResponse(stream())


@app.websocket("/echo/{room}")
async def echo(websocket: WebSocket, room: str) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        if text == "leave":
            await websocket.close(4001)
            return
        await websocket.send_text(text)
