"""The harness itself: what it says of an app is what the app did."""

import asyncio
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from tests.support.asgi import Client
from tests.support.lifespan import LifespanFailedError

pytestmark = pytest.mark.anyio


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body(), headers={"x-query": request.url.query})


async def numbers(request: Request) -> StreamingResponse:
    async def stream():
        for number in range(1000):
            yield f"{number}\n"

    return StreamingResponse(stream())


async def fail(request: Request) -> None:
    raise ValueError("no")


async def hang(request: Request) -> None:
    await asyncio.Event().wait()


async def chat(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        if text == "leave":
            await websocket.close(4001)
            return
        await websocket.send_text(text.upper())


app = Starlette(
    routes=[
        Route("/echo", echo, methods=["GET", "POST"]),
        Route("/numbers", numbers),
        Route("/fail", fail),
        Route("/hang", hang),
        WebSocketRoute("/chat", chat),
    ]
)


@pytest.mark.parametrize("body", [b"abcd", [b"ab", b"cd"], []])
async def test_request_and_response_arrive_whole(body):
    response = await Client(app).post("/echo?a=1", body=body)
    assert (response.status, response.body) == (200, b"".join([body] if isinstance(body, bytes) else body))
    assert response.headers["x-query"] == "a=1"
    assert response.raised is None


async def test_async_body_may_end_in_a_disconnect():
    async def upload():
        yield b"ab"
        exchange.disconnect()
        yield b""

    async with Client(app).open("POST", "/echo", body=upload()) as exchange:
        response = await exchange.response()
    assert response.status is None
    assert type(response.raised).__name__ == "ClientDisconnect"


async def test_exception_is_kept_beside_the_response():
    response = await Client(app).get("/fail")
    assert response.status == 500
    assert isinstance(response.raised, ValueError)


@pytest.mark.parametrize("spec_version", ["2.3", "2.4"])
async def test_client_that_leaves_in_mid_stream_ends_it(spec_version):
    client = Client(app, spec_version=spec_version)
    response = await client.get("/numbers", disconnect_after=3, raise_after_disconnect=spec_version == "2.4")
    assert response.chunks == [b"0\n", b"1\n", b"2\n"]


async def test_cancel_in_mid_stream():
    """Not with Starlette's StreamingResponse: on Python 3.10 its task group swallows the cancellation."""

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await asyncio.sleep(0)

    async with Client(endless).open("GET", "/") as exchange:
        await exchange.chunks(2)
        exchange.cancel()
        response = await exchange.response()
    assert isinstance(response.raised, asyncio.CancelledError)


async def test_cancel_before_the_headers():
    async with Client(app).open("GET", "/hang") as exchange:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(exchange.started(), 0.01)
        exchange.cancel()
        response = await exchange.response()
    assert (response.status, type(response.raised)) == (None, asyncio.CancelledError)


async def test_send_can_fail():
    async def on_send(message):
        raise OSError("reset")

    response = await Client(app).get("/echo", on_send=on_send)
    assert isinstance(response.raised, OSError)
    assert response.messages == []


async def test_trailers_and_pathsend(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"content")

    async def raw(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": True})
        await send({"type": "http.response.pathsend", "path": str(tmp_path / "file")})
        await send({"type": "http.response.trailers", "headers": [(b"X-Sum", b"1")]})

    offered: dict[str, object] = {"http.response.trailers": {}, "http.response.pathsend": {}}
    response = await Client(raw).get("/", extensions=offered)
    assert (response.body, response.trailers, response.raised) == (b"content", {"x-sum": "1"}, None)
    refused = await Client(raw).get("/")
    assert "pathsend was not offered" in str(refused.raised)


async def test_broken_protocol_is_refused():
    async def twice(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(2):
            await send({"type": "http.response.start", "status": 200, "headers": []})

    response = await Client(twice).get("/")
    assert "second http.response.start" in str(response.raised)


async def test_websocket_closed_by_the_client():
    async with Client(app).websocket("/chat") as session:
        assert session.accepted
        session.send("a")
        assert await session.receive() == "A"
    assert (session.close_code, session.raised) == (None, None)


async def test_websocket_closed_by_the_app():
    async with Client(app).websocket("/chat") as session:
        session.send("leave")
        await session.ended()
    assert session.close_code == 4001


async def test_websocket_refused():
    async with Client(app).websocket("/nowhere") as session:
        assert not session.accepted


@pytest.mark.parametrize("moment", ["startup", "shutdown"])
async def test_lifespan(moment):
    seen = []

    def lifespan_that_fails(fails):
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            for step in ("startup", "shutdown"):
                message = await receive()
                seen.append(message["type"])
                scope["state"]["step"] = step
                if fails and step == moment:
                    await send({"type": f"lifespan.{step}.failed", "message": "no disk"})
                    return
                await send({"type": f"lifespan.{step}.complete"})

        return Client(app)

    client = lifespan_that_fails(fails=False)
    async with client.lifespan():
        assert client.state == {"step": "startup"}
    assert seen == ["lifespan.startup", "lifespan.shutdown"]
    with pytest.raises(LifespanFailedError, match="no disk"):
        async with lifespan_that_fails(fails=True).lifespan():
            pass
