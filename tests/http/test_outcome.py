"""Every way in which a request can end is told apart from success."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.websockets import WebSocketDisconnect

from apivitals.http.outcome import is_disconnect
from tests.support.asgi import Client

pytestmark = pytest.mark.anyio


class PaymentError(Exception):
    """An application's own."""


UpstreamLeft = type("WebSocketDisconnect", (Exception,), {"__module__": "httpx_ws._exceptions"})
"""What httpx-ws raises where the server that it is connected to has left, which is not the client."""


class OurDisconnect(WebSocketDisconnect):
    """An application's own kind of Starlette's."""


def application(endpoint, **options):
    return Starlette(routes=[Route("/x", endpoint, methods=["GET", "POST"])], **options)


async def forever(_: Request) -> StreamingResponse:
    async def chunks():
        while True:
            yield b"chunk"
            await asyncio.sleep(0.001)

    return StreamingResponse(chunks())


@pytest.mark.parametrize("error", [ClientDisconnect(), WebSocketDisconnect(), OurDisconnect()])
def test_starlettes_own_disconnects_are_the_clients(error):
    assert is_disconnect(error)


@pytest.mark.parametrize("asynchronous", [True, False])
async def test_exception_before_the_headers(instrumented, asynchronous):
    async def failing(request):
        raise PaymentError

    def failing_in_a_thread(request):
        raise PaymentError

    app = application(failing if asynchronous else failing_in_a_thread)
    shown = instrumented(app)
    response = await Client(app).get("/x")
    assert response.status == 500
    assert isinstance(response.raised, PaymentError)
    assert shown.only_outcome() == ("/x", "500", f"{PaymentError.__module__}.PaymentError")


async def test_builtin_exception_is_named_without_its_module(instrumented):
    async def failing(request):
        raise KeyError("x")

    app = application(failing)
    shown = instrumented(app)
    await Client(app).get("/x")
    assert shown.only_outcome() == ("/x", "500", "KeyError")


@pytest.mark.parametrize("error", [PaymentError, UpstreamLeft])
async def test_exception_after_the_headers(instrumented, error):
    async def failing(request):
        async def chunks():
            yield b"one"
            raise error

        return StreamingResponse(chunks())

    app = application(failing)
    shown = instrumented(app)
    await Client(app).get("/x")
    assert shown.only_outcome() == ("/x", "200", f"{error.__module__}.{error.__name__}")


@pytest.mark.parametrize(("code", "error"), [(404, ""), (422, ""), (500, "500"), (503, "503")])
async def test_http_exception_is_its_status(instrumented, code, error):
    async def failing(request):
        raise HTTPException(code)

    app = application(failing)
    shown = instrumented(app)
    await Client(app).get("/x")
    assert shown.only_outcome() == ("/x", str(code), error)


async def test_handler_for_every_exception_keeps_the_exceptions_name(instrumented):
    async def failing(request):
        raise PaymentError

    async def answer(request, error):
        return PlainTextResponse("sorry", 500)

    app = application(failing, exception_handlers={Exception: answer})
    shown = instrumented(app)
    response = await Client(app).get("/x")
    assert response.text == "sorry"
    assert shown.only_outcome()[2].endswith("PaymentError")


@pytest.mark.parametrize("spec_version", ["2.3", "2.4"])
async def test_client_gone_in_mid_stream(instrumented, spec_version):
    """Starlette listens for it under spec version 2.3, and waits for `send` to fail from 2.4 on."""
    app = application(forever)
    shown = instrumented(app)
    client = Client(app, spec_version=spec_version)
    await client.request("GET", "/x", disconnect_after=3, raise_after_disconnect=spec_version == "2.4")
    assert shown.only_outcome() == ("/x", "200", "client_disconnected")


async def test_client_gone_while_its_body_is_read_is_not_our_500(instrumented):
    """Starlette answers its own ClientDisconnect with a 500 that reaches nobody: that must not page anybody."""

    async def reading(request):
        return PlainTextResponse(await request.body())

    async def body():
        yield b"part"
        exchange.disconnect()
        yield b"never read"

    app = application(reading)
    shown = instrumented(app)
    async with Client(app).open("POST", "/x", body=body()) as exchange:
        await exchange.response()
    assert shown.only_outcome() == ("/x", "", "client_disconnected")


async def test_send_that_fails(instrumented):
    async def failing_send(message):
        if message["type"] == "http.response.body":
            raise BrokenPipeError("the socket is closed")

    async def hello(request):
        return PlainTextResponse("hello")

    app = application(hello)
    shown = instrumented(app)
    await Client(app).get("/x", on_send=failing_send)
    assert shown.only_outcome() == ("/x", "200", "client_disconnected")


async def test_file_that_is_missing_in_mid_stream_is_no_disconnect(instrumented):
    """An OSError of the application's own is an error, though a lost connection is an OSError too."""

    async def failing(request):
        async def chunks():
            yield b"one"
            raise FileNotFoundError("gone")

        return StreamingResponse(chunks())

    app = application(failing)
    shown = instrumented(app)
    await Client(app).get("/x")
    assert shown.only_outcome() == ("/x", "200", "FileNotFoundError")


async def test_cancelled_before_the_headers(instrumented):
    entered = asyncio.Event()

    async def waiting(request):
        entered.set()
        await asyncio.Event().wait()

    app = application(waiting)
    shown = instrumented(app)
    async with Client(app).open("GET", "/x") as exchange:
        await entered.wait()
        exchange.cancel()
    assert shown.only_outcome() == ("/x", "", "cancelled")


async def test_cancelled_after_the_headers(instrumented):
    app = application(forever)
    shown = instrumented(app)
    async with Client(app).open("GET", "/x") as exchange:
        await exchange.chunks(2)
        exchange.cancel()
    assert shown.only_outcome() == ("/x", "200", "cancelled")


async def test_application_that_ends_without_an_answer(instrumented):
    class Silent:
        async def __call__(self, *_):
            pass

    app = Silent()
    shown = instrumented(app)
    await Client(app).get("/x")
    assert shown.only_outcome() == ("", "500", "incomplete_response")


async def test_exception_with_no_framework_to_answer_it_is_the_servers_500(instrumented):
    class Raising:
        async def __call__(self, *_):
            raise PaymentError

    app = Raising()
    shown = instrumented(app)
    await Client(app).get("/x")
    assert shown.only_outcome()[1:] == ("500", f"{PaymentError.__module__}.PaymentError")


async def test_background_task_that_fails_leaves_the_response_a_success(instrumented):
    async def failing():
        raise PaymentError

    async def hello(request):
        return PlainTextResponse("hello", background=BackgroundTask(failing))

    app = application(hello)
    shown = instrumented(app)
    await Client(app).get("/x")
    assert shown.only_outcome() == ("/x", "200", "")


async def test_exception_through_basehttpmiddleware(instrumented):
    async def passing(request, call_next):
        return await call_next(request)

    async def failing(request):
        raise PaymentError

    app = application(failing)
    app.add_middleware(BaseHTTPMiddleware, dispatch=passing)
    shown = instrumented(app)
    await Client(app).get("/x")
    assert shown.only_outcome() == ("/x", "500", f"{PaymentError.__module__}.PaymentError")


async def test_application_sees_what_it_would_see_without_us(instrumented):
    """Same messages, same exception: the instrumentation is nowhere in the exchange."""

    async def streaming(request):
        async def chunks():
            yield b"one"
            yield b"two"

        return StreamingResponse(chunks(), headers={"x-own": "1"})

    plain = await Client(application(streaming)).get("/x")
    app = application(streaming)
    instrumented(app)
    measured = await Client(app).get("/x")
    assert measured.messages == plain.messages
