"""The response time falls into phases that add up to it, for every kind of endpoint and every way to end."""

import asyncio
import inspect
import logging
import threading
import time

import anyio.to_thread
import pytest
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

import apivitals
from apivitals.breakdown import phases
from apivitals.breakdown.current import CURRENT
from tests.support.asgi import Client
from tests.support.breakdown import COMPONENT_SECONDS, seconds_by_component

pytest.importorskip("fastapi", reason="FastAPI is not installed: this is the plain Starlette suite")
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, routing  # only where it is there

pytestmark = pytest.mark.anyio

DELAY = 0.1
EARLY = 0.05 * DELAY  # a timer's resolution
ROUTE = "/x"


def delayed(found, **expected):
    """Say whether each component has the delays it is named with.

    All delays of the response are to be named. As the components add up to the response time, none is then in another.
    """
    return all(found.get(component, 0.0) >= n * DELAY - EARLY for component, n in expected.items())


async def one_waits(limiter):
    """Wait until somebody waits for a thread."""
    while not limiter.statistics().tasks_waiting:  # noqa: ASYNC110  # a count has no event
        await asyncio.sleep(0.001)


async def get(app, instrumented, **settings):
    shown = instrumented(app, **settings)
    await Client(app).get(ROUTE)
    return seconds_by_component(shown.page(), ROUTE)


async def test_an_async_endpoint_with_dependencies(instrumented):
    async def dependency():
        await asyncio.sleep(DELAY)

    app = FastAPI()

    @app.get(ROUTE, dependencies=[Depends(dependency)])
    async def endpoint():
        await asyncio.sleep(2 * DELAY)
        return {}

    found = await get(app, instrumented)
    assert delayed(found, dependencies=1, endpoint=2)
    assert set(found) == {"middleware", "dependencies", "endpoint", "serialization", "send"}


async def test_a_sync_endpoint_with_a_sync_dependency(instrumented):
    def dependency():
        time.sleep(DELAY)

    app = FastAPI()

    @app.get(ROUTE, dependencies=[Depends(dependency)])
    def endpoint():
        time.sleep(2 * DELAY)
        return {}

    found = await get(app, instrumented)
    assert delayed(found, dependencies=1, endpoint=2)
    assert found["threadpool_wait"] > 0


async def test_a_dependency_with_yield_ends_after_the_response(instrumented):
    answered = 0.0

    async def dependency():
        nonlocal answered
        await asyncio.sleep(DELAY)
        yield
        answered = time.perf_counter()
        await asyncio.sleep(3 * DELAY)

    app = FastAPI()

    @app.get(ROUTE, dependencies=[Depends(dependency)])
    async def endpoint():
        return {}

    begun = time.perf_counter()
    found = await get(app, instrumented)
    assert delayed(found, dependencies=1)
    assert sum(found.values()) <= answered - begun


@pytest.mark.skipif("scope" not in inspect.signature(Depends).parameters, reason="this FastAPI has no scopes")
async def test_a_dependency_that_ends_with_the_endpoint_ends_in_its_own_phase(instrumented):
    async def dependency():
        yield
        await asyncio.sleep(DELAY)

    app = FastAPI()

    @app.get(ROUTE, dependencies=[Depends(dependency, scope="function")])
    async def endpoint():
        await asyncio.sleep(DELAY)
        return {}

    assert delayed(await get(app, instrumented), dependencies=1, endpoint=1)


async def test_serialization(instrumented):
    class Slow:
        def __iter__(self):
            time.sleep(DELAY)
            return iter([("a", 1)])

    app = FastAPI()

    @app.get(ROUTE, response_model=None)
    async def endpoint():
        return Slow()

    assert delayed(await get(app, instrumented), serialization=1)


async def test_middleware_before_and_after(instrumented):
    async def slow(request, call_next):
        await asyncio.sleep(DELAY)
        response = await call_next(request)
        await asyncio.sleep(DELAY)
        return response

    app = FastAPI()
    app.add_middleware(BaseHTTPMiddleware, dispatch=slow)

    @app.get(ROUTE)
    async def endpoint():
        await asyncio.sleep(DELAY)
        return {}

    assert delayed(await get(app, instrumented), middleware=2, endpoint=1)


@pytest.mark.parametrize("kind", ["async", "sync"])
async def test_a_stream_is_the_endpoints_while_it_makes_chunks(instrumented, kind):
    async def chunks():
        for _ in range(3):
            await asyncio.sleep(DELAY)
            yield b"chunk"

    def chunks_in_thread():
        for _ in range(3):
            time.sleep(DELAY)
            yield b"chunk"

    app = FastAPI()

    @app.get(ROUTE)
    async def endpoint():
        return StreamingResponse(chunks() if kind == "async" else chunks_in_thread())

    assert delayed(await get(app, instrumented), endpoint=3)


async def test_a_stream_goes_on_with_what_was_begun_before_it(instrumented):
    async def answer():
        with apivitals.track("model"):
            for _ in range(3):
                await asyncio.sleep(DELAY)
                yield b"word"

    app = FastAPI()

    @app.get(ROUTE)
    async def endpoint():
        words = answer()
        first = await anext(words)  # which decides on the status

        async def body():
            yield first
            async for word in words:
                yield word

        return StreamingResponse(body())

    assert delayed(await get(app, instrumented), model=3)


async def test_what_an_endpoint_leaves_running_is_not_waited_for(instrumented):
    left = []

    async def audit():
        with apivitals.track("audit"):
            await asyncio.sleep(20 * DELAY)

    async def slowly(message):
        if message.get("body"):
            await asyncio.sleep(DELAY)

    app = FastAPI()

    @app.get(ROUTE)
    async def endpoint():
        left.append(asyncio.create_task(audit()))
        await asyncio.sleep(0)
        return {}

    shown = instrumented(app)
    await Client(app).get(ROUTE, on_send=slowly)
    left[0].cancel()
    assert delayed(seconds_by_component(shown.page(), ROUTE), send=1)


async def test_a_client_that_reads_slowly_is_send(instrumented):
    async def slowly(message):
        if message.get("body"):
            await asyncio.sleep(DELAY)

    async def chunks():
        yield b"one"
        await asyncio.sleep(DELAY)
        yield b"two"

    app = FastAPI()

    @app.get(ROUTE)
    async def endpoint():
        return StreamingResponse(chunks())

    shown = instrumented(app)
    await Client(app).get(ROUTE, on_send=slowly)
    assert delayed(seconds_by_component(shown.page(), ROUTE), send=2, endpoint=1)


async def test_a_client_that_writes_slowly_is_receive(instrumented):
    async def body():
        yield b'{"a": '
        await asyncio.sleep(DELAY)
        yield b"1}"

    app = FastAPI()

    @app.post(ROUTE)
    async def endpoint(item: dict[str, int]):
        return item

    shown = instrumented(app)
    await Client(app).post(ROUTE, body=body(), headers={"content-type": "application/json"})
    assert delayed(seconds_by_component(shown.page(), ROUTE), receive=1)


async def test_a_background_task_is_in_no_component(instrumented):
    answered = 0.0

    async def task():
        nonlocal answered
        answered = time.perf_counter()
        await asyncio.sleep(3 * DELAY)

    app = FastAPI()

    @app.get(ROUTE)
    async def endpoint(tasks: BackgroundTasks):
        tasks.add_task(task)
        return {}

    begun = time.perf_counter()
    found = await get(app, instrumented)
    assert 0 < sum(found.values()) <= answered - begun


async def test_a_wait_for_a_thread_is_no_ones_work(instrumented):
    app = FastAPI()
    holding, release = threading.Event(), threading.Event()

    @app.get("/slow")
    def slow():
        holding.set()
        release.wait(10)

    @app.get(ROUTE)
    def endpoint():
        return {}

    shown = instrumented(app)
    limiter = anyio.to_thread.current_default_thread_limiter()
    tokens, limiter.total_tokens = limiter.total_tokens, 1
    try:
        async with Client(app).open("GET", "/slow"):
            await asyncio.to_thread(holding.wait)
            async with Client(app).open("GET", ROUTE):
                await one_waits(limiter)
                await asyncio.sleep(DELAY)
                release.set()
    finally:
        release.set()
        limiter.total_tokens = tokens
    assert delayed(seconds_by_component(shown.page(), ROUTE), threadpool_wait=1)


async def test_a_wait_for_a_thread_that_is_given_up_ends(instrumented):
    app = FastAPI()
    release = threading.Event()
    holding = threading.Event()

    def hold():
        holding.set()
        release.wait(10)

    async def give_up(limiter, scope):
        await one_waits(limiter)
        await asyncio.sleep(DELAY)
        scope.cancel()

    @app.get(ROUTE)
    async def endpoint():
        limiter = anyio.CapacityLimiter(1)
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: anyio.to_thread.run_sync(hold, limiter=limiter))
            await asyncio.to_thread(holding.wait)
            with anyio.CancelScope() as scope:
                group.start_soon(give_up, limiter, scope)
                await anyio.to_thread.run_sync(hold, limiter=limiter)
            await asyncio.sleep(DELAY)
            release.set()
        return {}

    assert delayed(await get(app, instrumented), threadpool_wait=1, endpoint=1)


async def boom():
    raise ValueError


async def refuse():
    raise HTTPException(403)


async def respond():
    return PlainTextResponse("as it is")


async def needs_a_number(number: int):
    return number


@pytest.mark.parametrize("endpoint", [boom, refuse, respond, needs_a_number])
@pytest.mark.parametrize("outer", [False, True])
async def test_parts_add_up_whatever_comes_of_it(instrumented, endpoint, outer):
    app = FastAPI()
    app.get(ROUTE)(endpoint)
    if outer:
        app.add_middleware(BaseHTTPMiddleware, dispatch=lambda request, call_next: call_next(request))
    found = await get(app, instrumented)
    assert {"middleware", "send"} <= set(found)
    assert all(seconds >= 0 for seconds in found.values())


async def test_parts_add_up_for_a_client_that_leaves(instrumented):
    entered = asyncio.Event()

    async def never():
        entered.set()
        await asyncio.sleep(30)
        yield b""

    app = FastAPI()

    @app.post(ROUTE)
    async def endpoint(request: Request):
        await request.body()

    shown = instrumented(app)
    async with Client(app).open("POST", ROUTE, body=never()) as exchange:
        await entered.wait()
        await asyncio.sleep(DELAY)
        exchange.disconnect()
        exchange.cancel()
    assert delayed(seconds_by_component(shown.page(), ROUTE), receive=1)


async def test_requests_without_a_route_are_middleware(instrumented):
    app = FastAPI()
    shown = instrumented(app)
    await Client(app).get("/nowhere")
    assert set(seconds_by_component(shown.page(), "")) == {"middleware", "send"}


async def test_a_plain_starlette_endpoint_beside_fastapi(instrumented):
    async def endpoint(request):
        await asyncio.sleep(DELAY)
        return JSONResponse({})

    found = await get(Starlette(routes=[Route(ROUTE, endpoint)]), instrumented)
    assert delayed(found, endpoint=1)
    assert set(found) == {"middleware", "endpoint", "send"}


async def test_a_mounted_application_has_phases_too(instrumented):
    inner = FastAPI()

    @inner.get("/y")
    async def endpoint():
        await asyncio.sleep(DELAY)
        return {}

    app = FastAPI()
    app.mount("/x", inner)
    shown = instrumented(app)
    await Client(app).get("/x/y")
    assert delayed(seconds_by_component(shown.page(), "/x/y"), endpoint=1)


async def test_it_can_be_switched_off(instrumented):
    app = FastAPI()
    app.get(ROUTE)(respond)
    shown = instrumented(app, breakdown=False)
    await Client(app).get(ROUTE)
    assert not shown.page().has(COMPONENT_SECONDS)


async def test_nothing_of_it_is_left_in_the_context_of_the_caller(instrumented):
    seen = []

    async def endpoint():
        seen.append(CURRENT.get())

    app = FastAPI()
    app.get(ROUTE)(endpoint)
    instrumented(app)
    scope = {"type": "http", "method": "GET", "path": ROUTE, "query_string": b"", "headers": [], "root_path": ""}
    await app(scope, _no_body, _nowhere)
    assert [interval is None for interval in seen] == [False]
    assert CURRENT.get() is None


async def _no_body():
    return {"type": "http.request", "body": b"", "more_body": False}


async def _nowhere(message):
    pass


async def test_uninstrument_takes_every_mark_out(instrumented):
    before = routing.run_endpoint_function, routing.serialize_response, anyio.to_thread.run_sync
    first, second = instrumented(FastAPI()), instrumented(FastAPI())
    assert routing.run_endpoint_function is not before[0]
    first.vitals.uninstrument()
    assert anyio.to_thread.run_sync is not before[2]
    second.vitals.uninstrument()
    assert (routing.run_endpoint_function, routing.serialize_response, anyio.to_thread.run_sync) == before


async def test_a_fastapi_without_the_hooks_folds_phases_and_says_so_once(instrumented, monkeypatch, caplog):
    app = FastAPI()

    @app.get(ROUTE)
    async def endpoint():
        await asyncio.sleep(DELAY)
        return PlainTextResponse("hello")

    original = routing.run_endpoint_function
    monkeypatch.setattr(phases, "_ENDPOINT_HOOK", "run_endpoint_elsewhere")
    monkeypatch.setattr(phases, "_missing", set())
    with caplog.at_level(logging.WARNING):
        found = await get(app, instrumented)
        instrumented(FastAPI())
    assert routing.run_endpoint_function is original
    assert delayed(found, endpoint=1)
    assert "dependencies" not in found
    assert [record.getMessage() for record in caplog.records].count(
        "this version of FastAPI has no fastapi.routing.run_endpoint_elsewhere: "
        "in the breakdown dependencies count as endpoint"
    ) == 1
