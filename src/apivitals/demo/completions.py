"""The partner's language models, by the interface that most providers have: chat completions, whole or streamed.

https://platform.openai.com/docs/api-reference/chat
"""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from apivitals.demo import language_model
from apivitals.demo.language_model import SIZES

router = APIRouter()

_completions = count(1)
_LIMITED_EVERY = 10
_BROKEN_EVERY = 25


class Message(BaseModel):
    """A turn of the conversation."""

    role: str
    content: str


class Completion(BaseModel):
    """What is asked of a model."""

    model: str
    messages: list[Message]
    max_tokens: int = Field(64, ge=1, le=256)
    stream: bool = False


@router.post("/v1/chat/completions", response_model=None)
def complete(wanted: Completion) -> dict[str, Any] | StreamingResponse:
    """Answer; every tenth is refused with 429, and every twenty-fifth with 500."""
    if wanted.model not in SIZES:
        raise HTTPException(404, "no such model")
    number = next(_completions)
    if number % _LIMITED_EVERY == _LIMITED_EVERY // 2:
        raise HTTPException(429, "too many requests")
    if number % _BROKEN_EVERY == _BROKEN_EVERY // 2:
        raise HTTPException(500, "the model is not available")
    model = language_model.load(wanted.model)
    prompt = " ".join(message.content for message in wanted.messages)
    words = model.answer(prompt, wanted.max_tokens)
    usage = {"prompt_tokens": len(model.tokens(prompt)), "completion_tokens": wanted.max_tokens}
    if wanted.stream:
        return StreamingResponse(_events(words, usage), media_type="text/event-stream")
    message = {"role": "assistant", "content": " ".join(words)}
    return {"model": wanted.model, "choices": [{"index": 0, "message": message}], "usage": usage}


def _events(words: Iterator[str], usage: dict[str, int]) -> Iterator[str]:
    """Write server-sent events: a word each, then the usage, then the end."""
    for word in words:
        yield _event({"choices": [{"index": 0, "delta": {"content": f"{word} "}}]})
    yield _event({"choices": [], "usage": usage})
    yield "data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"
