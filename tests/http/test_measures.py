"""What is measured: times to the right moment, bytes of the real chunks, requests in flight."""

import asyncio
import threading
import time

import anyio
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.asgi import Client
from tests.support.vitals import (
    COUNT,
    FIRST_BYTE_SECONDS,
    IN_FLIGHT,
    OLDEST,
    REQUEST_BYTES,
    RESPONSE_BYTES,
    SECONDS,
)

pytestmark = pytest.mark.anyio

DELAY = 0.2


def application(endpoint, **options):
    return Starlette(routes=[Route("/x", endpoint, methods=["GET", "POST"])], **options)


async def test_response_time_runs_to_the_last_byte_and_latency_to_the_first(instrumented):
    first_sent = 0.0

    async def streaming(request):
        async def chunks():
            nonlocal first_sent
            yield b"first"
            first_sent = time.perf_counter()
            await asyncio.sleep(DELAY)
            yield b"last"

        await asyncio.sleep(DELAY)
        return StreamingResponse(chunks())

    app = application(streaming)
    shown = instrumented(app)
    begun = time.perf_counter()
    await Client(app).get("/x")
    passed = time.perf_counter() - begun
    page = shown.page()
    assert DELAY <= page.value(FIRST_BYTE_SECONDS) <= first_sent - begun
    assert 2 * DELAY <= page.value(SECONDS) <= passed


async def test_background_task_is_not_in_the_response_time(instrumented):
    sent = 0.0
    ended = []

    async def slow():
        nonlocal sent
        sent = time.perf_counter()
        await asyncio.sleep(DELAY)
        ended.append(shown.page().value(COUNT))

    async def hello(request):
        return PlainTextResponse("hello", background=BackgroundTask(slow))

    app = application(hello)
    shown = instrumented(app)
    begun = time.perf_counter()
    await Client(app).get("/x")
    assert ended == [1.0], "the request is recorded before its background task runs"
    assert shown.page().value(SECONDS) <= sent - begun


async def test_slow_reader_is_in_the_response_time(instrumented):
    stalled_at = 0.0

    async def stalled(message):
        nonlocal stalled_at
        if message["type"] == "http.response.body":
            stalled_at = time.perf_counter()
            await asyncio.sleep(DELAY)

    async def hello(request):
        return PlainTextResponse("hello")

    app = application(hello)
    shown = instrumented(app)
    begun = time.perf_counter()
    await Client(app).get("/x", on_send=stalled)
    page = shown.page()
    assert page.value(SECONDS) >= DELAY
    assert page.value(FIRST_BYTE_SECONDS) <= stalled_at - begun


async def test_sync_endpoint_waits_for_a_thread_in_the_response_time(instrumented):
    """With the pool full, what the client waits is what is measured."""
    release = threading.Event()

    def blocking(request):
        release.wait(10)
        return PlainTextResponse("done")

    app = application(blocking)
    shown = instrumented(app)
    limiter = anyio.to_thread.current_default_thread_limiter()
    before = limiter.total_tokens
    limiter.total_tokens = 1
    try:
        async with Client(app).open("GET", "/x") as first, Client(app).open("GET", "/x") as second:
            while shown.page().value(IN_FLIGHT) < 2:  # noqa: ASYNC110  # a count has no event
                await asyncio.sleep(0.001)
            await asyncio.sleep(DELAY)
            release.set()
            await first.response()
            await second.response()
    finally:
        limiter.total_tokens = before
    assert shown.outcomes() == [("GET", "/x", "200", "", 2)]
    assert shown.page().value(SECONDS) >= 2 * DELAY


async def test_bytes_are_counted_from_the_chunks_not_from_a_header(instrumented):
    async def echo(request: Request):
        size = 0
        async for chunk in request.stream():
            size += len(chunk)

        async def chunks():
            for _ in range(5):
                yield b"x" * size

        return StreamingResponse(chunks(), headers={"content-length": "1"})

    app = application(echo)
    shown = instrumented(app)
    await Client(app).post("/x", body=[b"a" * 10, b"b" * 300], headers={"content-length": "7"})
    page = shown.page()
    assert page.value(REQUEST_BYTES) == 310
    assert page.value(RESPONSE_BYTES) == 5 * 310


async def test_concurrent_streams_do_not_get_each_others_bytes(instrumented):
    async def streaming(request):
        async def chunks():
            for _ in range(10):
                await asyncio.sleep(0.001)
                yield b"x" * int(request.query_params["n"])

        return StreamingResponse(chunks())

    app = Starlette(routes=[Route(f"/{size}", streaming) for size in (1, 10, 100)])
    shown = instrumented(app)
    await asyncio.gather(*(Client(app).get(f"/{size}?n={size}") for size in (1, 10, 100)))
    page = shown.page()
    assert [page.value(RESPONSE_BYTES, http_route=f"/{size}") for size in (1, 10, 100)] == [10, 100, 1000]


async def test_head_counts_no_body_though_the_endpoint_makes_one(instrumented):
    async def hello(request):
        return PlainTextResponse("hello")

    app = application(hello)
    shown = instrumented(app)
    await Client(app).request("HEAD", "/x")
    assert shown.page().value(RESPONSE_BYTES, http_request_method="HEAD") == 0


async def test_file_sent_by_the_server_counts_its_size(instrumented, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * 12345)

    class SendingPath:
        async def __call__(self, _scope, _receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.pathsend", "path": str(path)})

    app = SendingPath()
    shown = instrumented(app)
    await Client(app).get("/x", extensions={"http.response.pathsend": {}})
    assert shown.page().value(RESPONSE_BYTES) == 12345
    assert shown.outcomes() == [("GET", "", "200", "", 1)]


async def test_file_that_is_gone_once_it_is_sent_breaks_nothing(instrumented, tmp_path):
    class SendingPath:
        async def __call__(self, _scope, _receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.pathsend", "path": str(tmp_path / "gone")})

    app = SendingPath()
    shown = instrumented(app)
    sent = []

    async def send(message):
        sent.append(message)

    await app({"type": "http", "method": "GET", "path": "/x", "headers": []}, None, send)
    assert len(sent) == 2
    assert shown.outcomes() == [("GET", "", "200", "", 1)]


async def test_trailers_come_after_the_last_body_byte(instrumented):
    sent = 0.0

    class WithTrailers:
        async def __call__(self, _scope, _receive, send):
            nonlocal sent
            await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": True})
            await send({"type": "http.response.body", "body": b"body"})
            sent = time.perf_counter()
            await asyncio.sleep(DELAY)
            await send({"type": "http.response.trailers", "headers": [(b"x", b"y")]})

    app = WithTrailers()
    shown = instrumented(app)
    begun = time.perf_counter()
    response = await Client(app).get("/x", extensions={"http.response.trailers": {}})
    assert response.trailers == {"x": "y"}
    assert shown.page().value(SECONDS) <= sent - begun
    assert shown.outcomes() == [("GET", "", "200", "", 1)]


async def test_server_sent_events(instrumented):
    async def events(request):
        async def chunks():
            for n in range(100):
                yield f"data: {n}\n\n".encode()

        return StreamingResponse(chunks(), media_type="text/event-stream")

    app = application(events)
    shown = instrumented(app)
    response = await Client(app).get("/x")
    assert shown.outcomes() == [("GET", "/x", "200", "", 1)]
    assert shown.page().value(RESPONSE_BYTES) == len(response.body)


async def test_in_flight_shows_the_route_and_the_oldest_and_falls_back_to_zero(instrumented):
    entered, release = asyncio.Event(), asyncio.Event()

    async def waiting(request):
        entered.set()
        await release.wait()
        return Response()

    app = application(waiting)
    shown = instrumented(app)
    async with Client(app).open("GET", "/x") as exchange:
        await entered.wait()
        await asyncio.sleep(0.05)
        page = shown.page()
        assert page.value(IN_FLIGHT, http_route="/x", http_request_method="GET", url_scheme="http") == 1
        assert page.value(OLDEST, http_route="/x") >= 0.05
        release.set()
        await exchange.response()
    page = shown.page()
    assert page.has(IN_FLIGHT, http_route="/x")
    assert page.value(IN_FLIGHT) == page.value(OLDEST) == 0


@pytest.mark.parametrize("how", ["cancel", "raise"])
async def test_in_flight_is_given_back_however_the_request_ends(instrumented, how):
    entered = asyncio.Event()

    async def ending(request):
        entered.set()
        if how == "raise":
            raise RuntimeError
        await asyncio.Event().wait()

    app = application(ending)
    shown = instrumented(app)
    async with Client(app).open("GET", "/x") as exchange:
        await entered.wait()
        if how == "cancel":
            exchange.cancel()
    assert shown.page().value(IN_FLIGHT) == 0


async def test_response_is_no_longer_in_flight_while_its_background_task_runs(instrumented):
    seen = []

    async def look():
        seen.append(shown.page().value(IN_FLIGHT))

    async def hello(request):
        return PlainTextResponse("hello", background=BackgroundTask(look))

    app = application(hello)
    shown = instrumented(app)
    await Client(app).get("/x")
    assert seen == [0.0]
