"""The metrics page over HTTP: who may read it, in which form, and the answer, for ASGI and for a port of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread

from apivitals.export.negotiation import accepts_gzip, choose_format
from apivitals.export.page import Gathered, MetricsPage
from apivitals.export.prometheus import Format
from apivitals.export.token import BearerToken
from apivitals.http.own_path import OwnPath
from apivitals.workers.directory import NotNowError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]

_LONGEST_TURN_SECONDS = 0.001
_PLAIN = (b"content-type", b"text/plain; charset=utf-8")
_READ_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Refusal:
    """An answer that is not the page."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


NOT_NOW = Refusal(503, (_PLAIN,), b"What another worker has counted cannot be read now: see the log.\n")
"""Better no page than one without that worker: each sum would fall, and rise again as if it had all just happened."""


@dataclass(frozen=True)
class Wanted:
    """What the scraper asked for."""

    form: Format
    gzip: bool
    body: bool

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The response headers, all but the length."""
        headers = [
            (b"content-type", self.form.value.encode()),
            (b"cache-control", b"no-store"),
            (b"vary", b"Accept, Accept-Encoding"),
        ]
        return [*headers, (b"content-encoding", b"gzip")] if self.gzip else headers


def decide(method: str, headers: Iterable[tuple[bytes, bytes]], token: BearerToken | None) -> Wanted | Refusal:
    """Read a request for the page: its header names are lower case."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found[name] = found[name] + b", " + value if name in found else value
    if token is not None and not token.permits(found.get(b"authorization", b"")):
        challenge = (b"www-authenticate", b'Bearer realm="metrics"')
        return Refusal(401, (_PLAIN, challenge), b"The metrics are behind a bearer token.\n")
    if method not in _READ_METHODS:
        return Refusal(405, (_PLAIN, (b"allow", b"GET, HEAD")), b"The metrics are read with GET.\n")
    return Wanted(
        choose_format(found.get(b"accept", b"").decode("latin-1")),
        accepts_gzip(found.get(b"accept-encoding", b"").decode("latin-1")),
        method == "GET",
    )


class MetricsEndpoint(OwnPath):
    """Answers with the page."""

    def __init__(self, page: MetricsPage, path: str, token: BearerToken | None, root_path: Callable[[], str]) -> None:
        super().__init__(path, root_path)
        self._page = page
        self._token = token
        self._limit: anyio.CapacityLimiter | None = None

    async def __call__(
        self, scope: Scope, _receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Answer with the page, giving way to the event loop every millisecond."""
        wanted = decide(scope["method"], scope["headers"], self._token)
        if isinstance(wanted, Refusal):
            await _respond(send, wanted.status, [*wanted.headers], [wanted.body])
            return
        if not wanted.body:
            await send({"type": "http.response.start", "status": 200, "headers": wanted.headers})
            await send({"type": "http.response.body"})
            return
        try:
            gathered = await self._gathered(wanted.form)
        except NotNowError:
            await _respond(send, NOT_NOW.status, [*NOT_NOW.headers], [NOT_NOW.body])
            return
        turn = _Turn()
        pieces = []
        for piece in self._page.slices(gathered, wanted.form, gzip=wanted.gzip):
            if piece:
                pieces.append(piece)
            await turn.give_way()
        await _respond(send, 200, wanted.headers, pieces)

    async def _gathered(self, form: Format) -> Gathered:
        """Read other people's collectors, and the other workers' files, in a thread.

        They may block, and the limiter is our own, so the page does not queue behind a full thread pool.
        """
        if not self._page.may_block:
            return self._page.gather(form)
        if self._limit is None:
            self._limit = anyio.CapacityLimiter(1)
        return await anyio.to_thread.run_sync(self._page.gather, form, limiter=self._limit)


class _Turn:
    """The time that one task may take of the event loop before others get theirs."""

    def __init__(self) -> None:
        self._began = perf_counter()

    async def give_way(self) -> None:
        """Let other tasks run if the turn is over."""
        if perf_counter() - self._began > _LONGEST_TURN_SECONDS:
            await anyio.lowlevel.checkpoint()
            self._began = perf_counter()


async def _respond(
    send: Callable[[Message], Awaitable[None]], status: int, headers: list[tuple[bytes, bytes]], pieces: list[bytes]
) -> None:
    turn = _Turn()
    length = (b"content-length", str(sum(map(len, pieces))).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await turn.give_way()
    await send({"type": "http.response.body"})
