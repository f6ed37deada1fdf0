"""What the shop lets a language model write: a synopsis of a film, and answers to visitors' questions."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

import apivitals
from apivitals import priority
from apivitals.demo.shop.database import DatabaseSession, Video

router = APIRouter(tags=["assistant"])

_PROVIDER = "partner"
_SYNOPSIS_MODEL, _CONCIERGE_MODEL = "story-small", "story-large"
_SYNOPSIS_SECONDS = 15
_TOKENS = 48
_APOLOGY = "Excuse me, I cannot think of anything just now."
_DATA, _DONE = "data: ", "[DONE]"


class Question(BaseModel):
    """What a visitor wants to know."""

    text: str


@router.get("/videos/{video_id}/synopsis")
@priority("medium")
async def show_synopsis(video_id: int, request: Request, session: DatabaseSession) -> dict[str, str | None]:
    """Tell what a film is about; null where the model has nothing to say just now."""
    video = await run_in_threadpool(session.get, Video, video_id)
    if video is None:
        raise HTTPException(404, "no such video")
    prompt = f"What is {video.title} about? It is a {video.genre}."
    synopsis = await request.app.state.cache.get(
        "synopses", str(video_id), _SYNOPSIS_SECONDS, lambda: _write(request.app.state.partner, prompt)
    )
    return {"title": video.title, "synopsis": synopsis}


@router.post("/concierge")
@priority("medium")
async def ask_concierge(question: Question, request: Request) -> StreamingResponse:
    """Answer a visitor word by word."""
    return StreamingResponse(_answer(request.app.state.partner, question.text), media_type="text/plain")


async def _write(partner: httpx.AsyncClient, prompt: str) -> str | None:
    try:
        with apivitals.inference(provider=_PROVIDER, model=_SYNOPSIS_MODEL, feature="synopsis") as call:
            answer = await partner.post("/v1/chat/completions", json=_completion(_SYNOPSIS_MODEL, prompt))
            if answer.is_error:
                call.error(str(answer.status_code))
                return None
            body = answer.json()
            call.tokens(**_tokens(body["usage"]))
    except httpx.HTTPError:
        return None
    return str(body["choices"][0]["message"]["content"])


async def _answer(partner: httpx.AsyncClient, prompt: str) -> AsyncIterator[str]:
    wanted = {**_completion(_CONCIERGE_MODEL, prompt), "stream": True}
    try:
        with apivitals.inference(provider=_PROVIDER, model=_CONCIERGE_MODEL, feature="concierge") as call:
            async with partner.stream("POST", "/v1/chat/completions", json=wanted) as answer:
                if answer.is_error:
                    call.error(str(answer.status_code))
                    yield _APOLOGY
                    return
                async for event in _events(answer):
                    if "usage" in event:
                        call.tokens(**_tokens(event["usage"]))
                    for choice in event["choices"]:
                        call.first_chunk()
                        yield choice["delta"]["content"]
    except httpx.HTTPError:
        yield _APOLOGY


async def _events(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """Read server-sent events that are JSON, to the one that says that there are no more."""
    async for line in answer.aiter_lines():
        data = line.removeprefix(_DATA)
        if data == _DONE:
            return
        if data != line:
            yield json.loads(data)


def _completion(model: str, prompt: str) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": prompt}], "max_tokens": _TOKENS}


def _tokens(usage: dict[str, int]) -> dict[str, int]:
    return {"input": usage["prompt_tokens"], "output": usage["completion_tokens"]}
