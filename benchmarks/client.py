"""An ASGI client in the app's own process: no socket, no parsing, only the calls that a server makes."""

import asyncio
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from starlette.types import ASGIApp, Message, Scope

QUERY = b"language=fr"
# What a browser behind a proxy sends: middlewares that look through headers have something to look through.
HEADERS = (
    (b"host", b"videos.example.com"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    (b"accept", b"application/json, text/plain, */*"),
    (b"accept-language", b"en-US,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"referer", b"https://videos.example.com/"),
    (b"cookie", b"session=0123456789abcdef0123456789abcdef"),
    (b"x-forwarded-for", b"192.0.2.7"),
    (b"x-forwarded-proto", b"https"),
    (b"connection", b"keep-alive"),
)


@dataclass(frozen=True)
class Answer:
    """A whole response."""

    status: int
    headers: dict[bytes, bytes]
    chunks: list[bytes]

    @property
    def body(self) -> bytes:
        """The body in one piece; joining a large one takes milliseconds, which are not the app's."""
        return b"".join(self.chunks)


class Exchange:
    """One request's receive and send, as a server gives them."""

    __slots__ = ("_body", "_received", "messages")

    def __init__(self, body: bytes = b"") -> None:
        self._body = body
        self._received = False
        self.messages: list[Message] = []

    async def receive(self) -> Message:
        """Give the whole request body, then the disconnect."""
        if self._received:
            return {"type": "http.disconnect"}
        self._received = True
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Keep the message."""
        self.messages.append(message)


class Client:
    """Calls one app, one request after the other."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lifespan: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Run the app's lifespan up to its startup, as a server does before the first request.

        It stays open until the event loop's tasks are cancelled. Raises RuntimeError when it does not start.
        """
        started = asyncio.Event()
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if asked:
                await asyncio.Event().wait()
            asked = True
            return {"type": "lifespan.startup"}

        async def send(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                started.set()

        self._lifespan = asyncio.ensure_future(self._app({"type": "lifespan", "state": {}}, receive, send))
        waiting = asyncio.ensure_future(started.wait())
        await asyncio.wait((self._lifespan, waiting), return_when=asyncio.FIRST_COMPLETED)
        if not started.is_set():
            waiting.cancel()
            raise RuntimeError(f"the lifespan did not start: {self._lifespan.exception()!r}")

    async def request(
        self,
        path: str,
        *,
        method: str = "GET",
        query: bytes = b"",
        headers: tuple[tuple[bytes, bytes], ...] = HEADERS,
        body: bytes = b"",
    ) -> Answer:
        """Make one request and return its whole response."""
        exchange = Exchange(body)
        await self._app(make_scope(path, method=method, query=query, headers=headers), exchange.receive, exchange.send)
        start, *chunks = exchange.messages
        return Answer(start["status"], dict(start["headers"]), [chunk.get("body", b"") for chunk in chunks])

    async def drive(self, path: str, requests: int) -> None:
        """Make so many GET requests, doing as little else as can be.

        Raises RuntimeError when the last one was not answered by 200.
        """
        app = self._app
        exchange = Exchange()
        for _ in repeat(None, requests):
            exchange = Exchange()
            await app(make_scope(path, query=QUERY), exchange.receive, exchange.send)
        if exchange.messages and exchange.messages[0]["status"] != 200:  # noqa: PLR2004 - HTTP's own number
            raise RuntimeError(f"GET {path} was answered by {exchange.messages[0]['status']}, not by 200")


def make_scope(
    path: str, *, method: str = "GET", query: bytes = b"", headers: tuple[tuple[bytes, bytes], ...] = HEADERS
) -> Scope:
    """Return a scope as uvicorn makes it; a new one for each request, because apps write into it."""
    state: dict[str, Any] = {}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": method,
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": list(headers),
        "state": state,
    }
