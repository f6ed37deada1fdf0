"""A film's bytes and its audience: the stream, the upload of a trailer, and who else is watching."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, HTTPException, UploadFile, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

import apivitals
from apivitals import priority
from apivitals.demo.shop.database import DatabaseSession, Trailer
from apivitals.demo.shop.frames import DamagedClipError, Summary, read_clip, summarize

router = APIRouter(tags=["media"])

_CHUNK = bytes(range(256)) * 64
_CHUNKS = 30
_CHUNK_SECONDS = 0.02
"""A film is sent at its bit rate (16 KiB in 20 ms), not as fast as the network takes it."""

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
async def upload_trailer(video_id: int, session: DatabaseSession, file: UploadFile) -> dict[str, Any]:
    """Take in a trailer, and look at its frames; 422 for one that is damaged."""
    content = await file.read()
    try:
        summary = await run_in_threadpool(_look_at, content)
    except DamagedClipError as error:
        raise HTTPException(422, str(error)) from error
    trailer = Trailer(video_id=video_id, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    session.add(trailer)
    await run_in_threadpool(session.commit)
    return {
        "sha256": trailer.sha256,
        "size_bytes": trailer.size_bytes,
        "frames": summary.frames,
        "brightness": round(summary.brightness, 3),
        "scenes": summary.scenes,
    }


def _look_at(content: bytes) -> Summary:
    with apivitals.track("thumbnails", component="video") as operation:
        clip = read_clip(content)
        operation.items(len(clip))
        return summarize(clip)


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
