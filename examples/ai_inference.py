"""A service that asks AI models: one behind an API, whose answers are streamed, and one of its own, asked in batches.

    pip install 'apivitals[httpx]' numpy fastapi uvicorn
    uvicorn --app-dir examples ai_inference:app

The API is played by the service itself, at /provider, so no key is needed. `PROVIDER_URL` is another one that speaks
OpenAI's protocol (https://api.openai.com), `PROVIDER_KEY` its key, `PROVIDER_NAME` and `MODEL` what is asked. Then

    curl -N localhost:8000/chat -d '{"text": "where do whales sleep?"}' -H 'content-type: application/json'
    curl localhost:8000/similar -d '{"text": "a fast car"}' -H 'content-type: application/json'
    curl -s localhost:8000/metrics | grep -E '^gen_ai|component="(gen_ai|model_queue)"|name="embed'

What to look at, by provider, model and feature: `gen_ai_client_operation_duration_seconds` with its `error_type`,
`gen_ai_client_operation_time_to_first_chunk_seconds` and `gen_ai_client_token_usage`. In the breakdown, `model_queue`
is what a request waited for its batch, and `gen_ai` what it waited for the model. The size of batches is
`apivitals_operation_items_total{name="embed_batch"}` divided by the same operation's `_duration_seconds_count`.
"""

import asyncio
import json
import os
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel

import apivitals

PROVIDER_URL = os.environ.get("PROVIDER_URL")
PROVIDER = os.environ.get("PROVIDER_NAME", "example")
CHAT_MODEL = os.environ.get("MODEL", "storyteller-1")
EMBEDDING_MODEL = "hashing-64"
LARGEST_BATCH = 8
BATCH_SECONDS = 0.005  # how long the first of a batch waits for others
TITLES = ["the whale", "a fast red car", "the slow train", "sleeping under the sea"]

Vectors = npt.NDArray[np.float64]


class Prompt(BaseModel):
    """What somebody asks."""

    text: str


@dataclass
class Asked:
    """A text in the queue of the model."""

    text: str
    started: asyncio.Event = field(default_factory=asyncio.Event)
    vector: "asyncio.Future[Vectors]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    headers = {"authorization": f"Bearer {os.environ.get('PROVIDER_KEY', 'none')}"}
    async with httpx.AsyncClient(headers=headers, timeout=30) as client:
        app.state.client, app.state.queue = client, asyncio.Queue()
        app.state.titles = embed(TITLES)
        batches = asyncio.create_task(embed_in_batches(app.state.queue))
        yield
        batches.cancel()
        with suppress(asyncio.CancelledError):
            await batches


app = FastAPI(title="assistant", lifespan=lifespan)
apivitals.instrument(app, priorities={"POST /chat": "high"}, excluded_urls=["/provider/"])


@app.post("/chat")
async def chat(prompt: Prompt, request: Request) -> Response:
    """Answer word by word; 502 if the provider does not answer."""
    words = answer(PROVIDER_URL or f"{request.base_url}provider", prompt.text)
    try:
        first = await anext(words)
    except (httpx.HTTPError, StopAsyncIteration):
        raise HTTPException(502, "the model is not available") from None

    async def all_words() -> AsyncIterator[str]:
        yield first
        async for word in words:
            yield word

    return StreamingResponse(all_words(), media_type="text/plain")


async def answer(url: str, text: str) -> AsyncIterator[str]:
    messages = [{"role": "user", "content": text}]
    wanted = {"model": CHAT_MODEL, "messages": messages, "stream": True, "stream_options": {"include_usage": True}}
    with apivitals.inference(provider=PROVIDER, model=CHAT_MODEL, feature="chat") as call:
        async with app.state.client.stream("POST", f"{url}/v1/chat/completions", json=wanted) as response:
            if response.is_error:
                call.error(str(response.status_code))
                return
            async for line in response.aiter_lines():
                data = line.removeprefix("data: ")
                if data in {line, "[DONE]"}:
                    continue
                event = json.loads(data)
                if event.get("usage"):
                    call.tokens(input=event["usage"]["prompt_tokens"], output=event["usage"]["completion_tokens"])
                for choice in event["choices"]:
                    call.first_chunk()
                    yield choice["delta"].get("content") or ""


@app.post("/similar")
async def similar(prompt: Prompt) -> dict[str, str | float]:
    """Find the title that is most like a text."""
    asked = Asked(prompt.text)
    app.state.queue.put_nowait(asked)
    with apivitals.track("embed_wait", component="model_queue"):
        await asked.started.wait()
    with apivitals.inference(provider="local", model=EMBEDDING_MODEL, operation="embeddings", feature="search") as call:
        vector = await asked.vector
        call.tokens(input=len(prompt.text.split()))
    likeness = app.state.titles @ vector
    return {"title": TITLES[int(likeness.argmax())], "likeness": round(float(likeness.max()), 3)}


async def embed_in_batches(queue: "asyncio.Queue[Asked]") -> None:
    while True:
        batch = [await queue.get()]
        await asyncio.sleep(BATCH_SECONDS)
        while len(batch) < LARGEST_BATCH and not queue.empty():
            batch.append(queue.get_nowait())
        for asked in batch:
            asked.started.set()
        with apivitals.track("embed_batch", component="model") as operation:
            operation.items(len(batch))
            try:
                vectors = await asyncio.to_thread(embed, [asked.text for asked in batch])
            except Exception as error:  # noqa: BLE001  # whoever asked is told, and the next batch is not concerned
                operation.error(type(error).__name__)
                for asked in batch:
                    asked.vector.set_exception(error)
                continue
        for asked, vector in zip(batch, vectors, strict=True):
            if not asked.vector.done():  # its request may have been cancelled
                asked.vector.set_result(vector)


def embed(texts: list[str]) -> Vectors:
    """Count each text's words in 64 classes, as vectors of length one: the model."""
    vectors = np.zeros((len(texts), 64))
    for vector, text in zip(vectors, texts, strict=True):
        for word in text.lower().split():
            vector[zlib.crc32(word.encode()) % 64] += 1
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1))


played = FastAPI(title="provider")


@played.post("/v1/chat/completions", response_model=None)
async def complete(wanted: dict[str, Any]) -> Response:
    """Play the provider: say the question backwards; 503 to "overload"."""
    (message,) = wanted["messages"]
    words = str(message["content"]).split()
    if words == ["overload"]:
        return JSONResponse({"error": {"message": "overloaded"}}, 503)

    async def events() -> AsyncIterator[str]:
        for word in reversed(words):
            yield event({"choices": [{"index": 0, "delta": {"content": f"{word} "}}]})
            await asyncio.sleep(0.01)
        usage = {"prompt_tokens": len(words), "completion_tokens": len(words)}
        yield event({"choices": [], "usage": usage})
        yield "data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


def event(content: dict[str, Any]) -> str:
    return f"data: {json.dumps(content)}\n\n"


app.mount("/provider", played)
