"""A film's bytes and its audience: the stream, the upload of a trailer, and who else is watching."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi import APIRouter, UploadFile, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from apivitals import priority
from apivitals.demo.shop.database import DatabaseSession, Trailer

router = APIRouter(tags=["media"])

_CHUNK = bytes(range(256)) * 64
_CHUNKS = 30
_CHUNK_SECONDS = 0.02
"""A film is sent at its bit rate (16 KiB in 20 ms), not as fast as the network takes it."""
_UPLOAD_CHUNK_BYTES = 65_536

_audiences: defaultdict[int, set[WebSocket]] = defaultdict(set)


@router.get("/stream")
@priority("high")
async def stream_video(video_id: int) -> StreamingResponse:
    """Send a film."""
    return StreamingResponse(_film(video_id), media_type="video/mp4")


async def _film(video_id: int) -> AsyncIterator[bytes]:
    yield video_id.to_bytes(8, "big")
    for _ in range(_CHUNKS):
        await asyncio.sleep(_CHUNK_SECONDS)
        yield _CHUNK


@router.post("/trailer", status_code=201)
@priority("medium")
async def upload_trailer(video_id: int, session: DatabaseSession, file: UploadFile) -> dict[str, str | int]:
    """Take in a trailer."""
    digest, size_bytes = hashlib.sha256(), 0
    while chunk := await file.read(_UPLOAD_CHUNK_BYTES):
        digest.update(chunk)
        size_bytes += len(chunk)
    trailer = Trailer(video_id=video_id, size_bytes=size_bytes, sha256=digest.hexdigest())
    session.add(trailer)
    await run_in_threadpool(session.commit)
    return {"sha256": digest.hexdigest(), "size_bytes": size_bytes}


@router.websocket("/viewers")
@priority("medium")
async def watch_together(websocket: WebSocket, video_id: int) -> None:
    """Tell everyone who watches the film how many they are, and pass on what they say."""
    await websocket.accept()
    audience = _audiences[video_id]
    audience.add(websocket)
    try:
        await _tell(audience, f"{len(audience)} watching")
        with suppress(WebSocketDisconnect):
            while True:
                await _tell(audience, await websocket.receive_text())
    finally:
        audience.discard(websocket)


async def _tell(audience: set[WebSocket], words: str) -> None:
    for websocket in tuple(audience):
        # Who is gone since the loop began is told so in their own endpoint, and taken out there.
        with suppress(WebSocketDisconnect, RuntimeError):
            await websocket.send_text(words)
