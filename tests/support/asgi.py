"""An ASGI server in miniature, in-process, whose network the test holds in its hands.

`Client(app).get("/x")` is a whole request. `Client(app).open("GET", "/x")` is one under way, to be
disconnected, cancelled or watched in the middle. Starlette's TestClient is not used: the one that comes with
the oldest supported FastAPI does not work with today's httpx, and none can fail in the ways tested here.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import unquote

import anyio
from starlette.types import ASGIApp, Message, Scope
from typing_extensions import Self

from tests.support.lifespan import Lifespan
from tests.support.response import BODY_TYPES, Response, bodies
from tests.support.websocket import WebSocketSession

DEADLINE_SECONDS = 60.0
"""How long an app may take for anything a test waits for."""

Headers = Mapping[str, str] | Iterable[tuple[str, str]]
Body = bytes | Iterable[bytes] | AsyncIterable[bytes]
OnSend = Callable[[Message], Awaitable[None]]


class Exchange:
    """One HTTP request under way."""

    def __init__(  # noqa: PLR0913 (the network's ways to fail, each by its name)
        self,
        app: ASGIApp,
        scope: Scope,
        body: Body,
        *,
        disconnect_after: int | None = None,
        raise_after_disconnect: bool = False,
        on_send: OnSend | None = None,
    ) -> None:
        self.scope = scope
        self.messages: list[Message] = []
        self._app = app
        self._body = _body_messages(body)
        self._disconnect_after = disconnect_after
        self._raise_after_disconnect = raise_after_disconnect
        self._on_send = on_send
        self._gone = asyncio.Event()
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(_run(self._app, self.scope, self._receive, self._send))
        self.task.add_done_callback(lambda _: self._changed.set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self.task.cancel()
        await asyncio.wait([self.task], timeout=DEADLINE_SECONDS)
        if not self.task.done():
            self.task.cancel()
            if error is None:
                raise TimeoutError(f"the app did not end within {DEADLINE_SECONDS} s: {self.scope['path']}")

    async def started(self) -> None:
        """Wait for the response's start."""
        await self.until(lambda: bool(self.messages), "its response's start")

    async def chunks(self, count: int) -> None:
        """Wait until the app has sent `count` body messages."""
        await self.until(lambda: len(bodies(self.messages)) >= count, f"{count} body messages")

    async def until(self, condition: Callable[[], bool], what: str = "what the test waits for") -> None:
        """Wait until `condition()` holds; it is asked again after each message that the app sends."""
        with anyio.fail_after(DEADLINE_SECONDS):
            while not condition():
                if self.task.done():
                    raise AssertionError(f"the app ended before {what}: {self.messages} {self.task.result()!r}")
                self._changed.clear()
                await self._changed.wait()

    def disconnect(self) -> None:
        """Let the client leave: `receive` says so, and `send` is in vain or raises OSError."""
        self._gone.set()

    def cancel(self) -> None:
        """Cancel the server's task of this request."""
        self.task.cancel()

    async def response(self) -> Response:
        """Wait for the app's end."""
        await asyncio.wait([self.task], timeout=DEADLINE_SECONDS)
        if not self.task.done():
            raise TimeoutError(f"the app did not end within {DEADLINE_SECONDS} s: {self.scope['path']}")
        raised = asyncio.CancelledError() if self.task.cancelled() else self.task.result()
        return Response(self.messages, raised)

    async def _receive(self) -> Message:
        if not self._gone.is_set():
            async for message in self._body:
                if self._gone.is_set():
                    break
                return message
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._on_send:
            await self._on_send(message)
        if self._gone.is_set():
            if self._raise_after_disconnect:
                raise OSError("the client is gone")
            return
        self._check_order(message)
        self.messages.append(dict(message))
        self._changed.set()
        if self._disconnect_after is not None and len(bodies(self.messages)) >= self._disconnect_after:
            self.disconnect()

    def _check_order(self, message: Message) -> None:
        """Refuse what a real server refuses, so that a middleware that breaks the protocol is found out."""
        kind = message["type"]
        if kind == "http.response.start":
            if self.messages:
                raise RuntimeError("a second http.response.start")
            return
        if kind not in BODY_TYPES and kind != "http.response.trailers":
            raise RuntimeError(f"unexpected message {kind!r}")
        if kind == "http.response.pathsend" and kind not in self.scope["extensions"]:
            raise RuntimeError("http.response.pathsend was not offered by this server")
        if not self.messages:
            raise RuntimeError(f"{kind} before http.response.start")
        sent = bodies(self.messages)
        ended = bool(sent) and not sent[-1].get("more_body", False)
        if ended == (kind in BODY_TYPES):
            raise RuntimeError(f"{kind} {'after' if ended else 'before'} the body's end")


class Client:
    """Requests to one app, as a server on `http://testserver` would hand them over.

    `spec_version` is uvicorn's: with "2.4" Starlette no longer listens for a disconnect while it streams, it
    relies on `send` raising OSError (`raise_after_disconnect=True`).
    """

    def __init__(self, app: ASGIApp, *, root_path: str = "", scheme: str = "http", spec_version: str = "2.3") -> None:
        self.app = app
        self._common: dict[str, Any] = {
            "asgi": {"version": "3.0", "spec_version": spec_version},
            "http_version": "1.1",
            "scheme": scheme,
            "root_path": root_path,
            "client": ("127.0.0.1", 50000),
            "server": ("testserver", 80),
        }
        self.state: dict[str, Any] = {}

    def open(  # noqa: PLR0913 (the network's ways to fail, each by its name)
        self,
        method: str,
        target: str,
        *,
        headers: Headers = (),
        body: Body = b"",
        extensions: Mapping[str, Any] | None = None,
        scope: Mapping[str, Any] | None = None,
        disconnect_after: int | None = None,
        raise_after_disconnect: bool = False,
        on_send: OnSend | None = None,
    ) -> Exchange:
        """Begin a request, to be used as `async with`.

        Args:
            method: handed over as it is, invented ones too.
            target: path and query string, percent-encoded or not.
            headers: by name, or pairs.
            body: one chunk, several, or an async iterator of them (which may `disconnect` instead of yielding more).
            extensions: what the server offers, as `{"http.response.trailers": {}}`.
            scope: keys to add to the ASGI scope, or to replace in it.
            disconnect_after: the client leaves after this many body messages (0: after the start).
            raise_after_disconnect: `send` raises OSError once the client is gone (else it is in vain, as in uvicorn).
            on_send: awaited with each message before it counts as sent; may wait, or raise what `send` shall raise.
        """
        full = self._scope("http", target, headers, extensions) | {"method": method} | dict(scope or {})
        return Exchange(
            self.app,
            full,
            body,
            disconnect_after=disconnect_after,
            raise_after_disconnect=raise_after_disconnect,
            on_send=on_send,
        )

    async def request(self, method: str, target: str, **how: Any) -> Response:
        """Do a whole request, `how` as in `open`; what the app raises is kept in `Response.raised`."""
        async with self.open(method, target, **how) as exchange:
            return await exchange.response()

    async def get(self, target: str, **how: Any) -> Response:
        """GET it."""
        return await self.request("GET", target, **how)

    async def post(self, target: str, **how: Any) -> Response:
        """POST to it."""
        return await self.request("POST", target, **how)

    def websocket(
        self,
        target: str,
        *,
        headers: Headers = (),
        subprotocols: Iterable[str] = (),
        extensions: Mapping[str, Any] | None = None,
    ) -> WebSocketSession:
        """Open a WebSocket, to be used as `async with`."""
        scope = self._scope("websocket", target, headers, extensions)
        scope |= {"subprotocols": list(subprotocols), "scheme": "wss" if scope["scheme"] == "https" else "ws"}
        return WebSocketSession(self.app, scope)

    def lifespan(self) -> Lifespan:
        """Start the app and stop it again, as `async with`; its state reaches the requests."""
        return Lifespan(self.app, self.state)

    def _scope(self, kind: str, target: str, headers: Headers, extensions: Mapping[str, Any] | None) -> dict[str, Any]:
        path, _, query = target.partition("?")
        pairs = [("host", "testserver"), *(headers.items() if isinstance(headers, Mapping) else headers)]
        return self._common | {
            "type": kind,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in pairs],
            "extensions": dict(extensions or {}),
            "state": dict(self.state),
        }


async def _body_messages(body: Body) -> AsyncIterator[Message]:
    """Turn a body into messages; whether one is the last is known only when the next one is."""
    if isinstance(body, AsyncIterable):
        async for chunk in body:
            yield {"type": "http.request", "body": chunk, "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False}
        return
    chunks = [body] if isinstance(body, bytes) else list(body) or [b""]
    for chunk in chunks[:-1]:
        yield {"type": "http.request", "body": chunk, "more_body": True}
    yield {"type": "http.request", "body": chunks[-1], "more_body": False}


async def _run(app: ASGIApp, scope: Scope, receive: Any, send: Any) -> BaseException | None:
    """Run the app as a server does, which logs an exception and lives on."""
    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001 (the test looks at it)
        return error
    return None
