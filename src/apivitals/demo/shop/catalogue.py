"""Looking for a film: the list, a search, and one film with the ratings that the partner keeps."""

import json
from typing import Any

import httpx
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from sqlalchemy.orm import Session

from apivitals import priority
from apivitals.demo.shop.database import DatabaseSession, Video

router = APIRouter(tags=["catalogue"])

_LIST_SECONDS = 10


@router.get("", response_model=list[dict[str, Any]])
@priority("high")
async def list_videos(request: Request, session: DatabaseSession, genre: str = "drama", page: int = 1) -> Response:
    """List the films of a genre, twenty to a page; a list is as old as ten seconds."""

    async def read() -> str:
        return await run_in_threadpool(_read_list, session, genre, page)

    listed = await request.app.state.cache.get("lists", f"{genre}:{page}", _LIST_SECONDS, read)
    return Response(listed, media_type="application/json")


@router.get("/search")
@priority("medium")
def search_videos(session: DatabaseSession, words: str) -> list[dict[str, Any]]:
    """Find the films that have these words in their title."""
    chosen = select(Video).where(Video.title.icontains(words, autoescape=True)).limit(50)
    return [_describe(video) for video in session.scalars(chosen)]


@router.get("/{video_id}")
@priority("high")
async def show_video(video_id: int, request: Request, session: DatabaseSession) -> dict[str, Any]:
    """Show one film; without its ratings where the partner has none to give just now."""
    video = await run_in_threadpool(session.get, Video, video_id)
    if video is None:
        raise HTTPException(404, "no such video")
    try:
        ratings = (await request.app.state.partner.get(f"/ratings/{video_id}")).raise_for_status().json()
    except httpx.HTTPError:
        ratings = None
    return {**_describe(video), "ratings": ratings}


def _read_list(session: Session, genre: str, page: int) -> str:
    chosen = select(Video).where(Video.genre == genre).order_by(Video.title).limit(20).offset(20 * (page - 1))
    return json.dumps([_describe(video) for video in session.scalars(chosen)])


def _describe(video: Video) -> dict[str, Any]:
    return {"id": video.id, "title": video.title, "genre": video.genre, "price_cents": video.price_cents}
