"""Tracked functions of every kind in a FastAPI application."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

import pytest

from apivitals.operations.inference import inference
from apivitals.operations.track import track
from tests.operations.recorded import FIRST_CHUNK, MODEL_DURATION
from tests.support.asgi import Client
from tests.support.breakdown import calls_by_component, seconds_by_component

fastapi = pytest.importorskip("fastapi")
from fastapi import BackgroundTasks, Depends, FastAPI  # noqa: E402  # only where it is installed
from fastapi.responses import StreamingResponse  # noqa: E402

pytestmark = pytest.mark.anyio

SECONDS = 0.03


def pause():
    threading.Event().wait(SECONDS)


@track("session", component="database")
def session() -> Iterator[str]:
    yield "session"


def block() -> Iterator[str]:
    with track("block", component="cache"):
        pause()
        yield "block"


@track("tenant", component="video")
async def tenant(name: str = "nobody") -> str:
    await asyncio.sleep(SECONDS)
    return name


app = FastAPI()


@app.get("/async/{number}")
@track("work")
async def work(number: int, tenant: Annotated[str, Depends(tenant)]) -> dict[str, int | str]:
    await asyncio.sleep(SECONDS)
    return {"number": number, "tenant": tenant}


@app.get("/sync/{number}")
@track("work")
def sync_work(
    number: int, session: Annotated[str, Depends(session)], block: Annotated[str, Depends(block)]
) -> dict[str, int | str]:
    pause()
    return {"number": number, "session": session, "block": block}


@app.get("/answer")
async def answer() -> StreamingResponse:
    @inference(provider="openai", model="gpt-x")
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(SECONDS)
            yield b"x"

    return StreamingResponse(chunks())


@app.get("/film")
def film() -> StreamingResponse:
    @track("film", component="video")
    def frames() -> Iterator[bytes]:
        for _ in range(3):
            pause()
            yield b"x"

    return StreamingResponse(frames())


@app.get("/later")
async def later(tasks: BackgroundTasks) -> None:
    tasks.add_task(track("later")(pause))


async def test_parameters_are_seen_and_validated(recorded, instrumented):
    instrumented(app)
    response = await Client(app).get("/async/5?name=acme")
    assert response.json() == {"number": 5, "tenant": "acme"}
    assert (await Client(app).get("/async/five")).status == 422
    parameters = app.openapi()["paths"]["/async/{number}"]["get"]["parameters"]
    assert [parameter["name"] for parameter in parameters] == ["number", "name"]


async def test_async_endpoint_and_dependency(recorded, instrumented):
    shown = instrumented(app)
    await Client(app).get("/async/5")
    seconds = seconds_by_component(shown.page(), "/async/{number}")
    assert seconds["work"] > 0.9 * SECONDS
    assert seconds["video"] > 0.9 * SECONDS
    assert calls_by_component(shown.page(), "/async/{number}") == {"work": 1, "video": 1}
    assert recorded.counts() == {("work", "work", ""): 1, ("tenant", "video", ""): 1}


async def test_sync_endpoint_with_dependencies_that_yield(recorded, instrumented):
    """Their two halves run in two threads, each in a copy of the request's context.

    What a block holds open across the ``yield`` shares the endpoint's time.
    """
    shown = instrumented(app)
    response = await Client(app).get("/sync/5")
    assert response.json() == {"number": 5, "session": "session", "block": "block"}
    seconds = seconds_by_component(shown.page(), "/sync/{number}")
    assert seconds["work"] + seconds["cache"] > 1.9 * SECONDS
    assert calls_by_component(shown.page(), "/sync/{number}") == {"work": 1, "database": 1, "cache": 1}
    assert recorded.counts() == {("work", "work", ""): 1, ("session", "database", ""): 1, ("block", "cache", ""): 1}


@pytest.mark.parametrize(("path", "component"), [("/answer", "gen_ai"), ("/film", "video")])
async def test_a_stream_has_the_time_in_which_it_is_made(recorded, instrumented, path, component):
    shown = instrumented(app)
    assert (await Client(app).get(path)).body == b"xxx"
    assert seconds_by_component(shown.page(), path)[component] > 2.7 * SECONDS
    assert calls_by_component(shown.page(), path) == {component: 1}


async def test_the_first_chunk_of_a_streamed_answer(recorded, instrumented):
    instrumented(app)
    await Client(app).get("/answer")
    call = ("chat", "openai", "gpt-x", "")
    whole = recorded.histogram(MODEL_DURATION)[(*call, "")].sum
    assert 0.9 * SECONDS < recorded.histogram(FIRST_CHUNK)[call].sum < whole - 1.8 * SECONDS


async def test_a_background_task_is_not_in_the_response_time(recorded, instrumented):
    shown = instrumented(app)
    await Client(app).get("/later")
    assert "later" not in seconds_by_component(shown.page(), "/later")
    assert recorded.counts() == {("later", "later", ""): 1}
