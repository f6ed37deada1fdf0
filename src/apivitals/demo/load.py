"""The demo's load: visits at a given pace, whatever the service makes of them, and some WebSocket sessions."""

import asyncio
import math
import socket
from collections.abc import AsyncIterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

import httpx
import websockets

from apivitals.demo.mix import VISITS, Visit, in_order

_IN_FLIGHT_LIMIT = 100
_TIMEOUT_SECONDS = 10.0
_WAVE_SECONDS = 40.0
_LOWEST_SHARE = 0.4
_VIEWERS = 4
_DRAIN_SECONDS = 3.0
_KEEPALIVE_SECONDS = 2.0
"""Shorter than uvicorn's five, or a request now and then meets a connection that is just being closed."""


@dataclass
class LoadTally:
    """What the load has done, counted by the client."""

    sent: int = 0
    failed: int = 0
    """No answer at all: refused, cut off or later than ten seconds."""
    skipped: int = 0
    """Not sent, because a hundred were in flight."""


def arrivals(highest_per_second: float) -> Iterator[float]:
    """Yield the seconds from the start at which visits begin: a wave between 40 % of the highest rate and all of it.

    Open loop: an arrival does not depend on the answers, so a slow service does not slow its load down.
    """
    at_seconds = 0.0
    while True:
        yield at_seconds
        height = (1 + math.sin(2 * math.pi * at_seconds / _WAVE_SECONDS)) / 2
        at_seconds += 1 / (highest_per_second * (_LOWEST_SHARE + (1 - _LOWEST_SHARE) * height))


class Load:
    """A load on the shop at ``url``, from ``start`` to ``stop``."""

    def __init__(
        self, url: str, highest_per_second: float, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.tally = LoadTally()
        self._url = url
        self._highest_per_second = highest_per_second
        self._stopping = False
        self._visits: set[asyncio.Task[None]] = set()
        self._runners: list[asyncio.Task[None]] = []
        self._client = httpx.AsyncClient(
            base_url=url,
            timeout=_TIMEOUT_SECONDS,
            limits=httpx.Limits(max_connections=_IN_FLIGHT_LIMIT, keepalive_expiry=_KEEPALIVE_SECONDS),
            trust_env=False,
            transport=transport,
        )

    def start(self) -> None:
        """Begin to visit; call it inside the event loop."""
        viewers = [self._watch_together(number) for number in range(_VIEWERS)]
        self._runners = [asyncio.create_task(runner) for runner in (self._visit(), *viewers)]

    async def stop(self) -> None:
        """Send nothing more, give what is in flight three seconds to end, and let go of the connections."""
        self._stopping = True
        for runner in self._runners:
            runner.cancel()
        under_way = {*self._runners, *self._visits}
        if under_way:
            _, late = await asyncio.wait(under_way, timeout=_DRAIN_SECONDS)
            for task in late:
                task.cancel()
        await self._client.aclose()

    async def _visit(self) -> None:
        clock = asyncio.get_running_loop().time
        begin = clock()
        for number, visit, at_seconds in zip(
            count(), in_order(VISITS), arrivals(self._highest_per_second), strict=False
        ):
            await asyncio.sleep(max(0.0, begin + at_seconds - clock()))
            if len(self._visits) >= _IN_FLIGHT_LIMIT:
                self.tally.skipped += 1
                continue
            task = asyncio.create_task(self._perform(visit, number))
            self._visits.add(task)
            task.add_done_callback(self._visits.discard)

    async def _perform(self, visit: Visit, number: int) -> None:
        self.tally.sent += 1
        try:
            await visit.perform(self._client, number)
        except httpx.HTTPError:
            self.tally.failed += 1

    async def _watch_together(self, number: int) -> None:
        """Join a film's audience for some seconds, say something now and then, leave, and join the next."""
        for turn in count():
            # A library may make something else of the cancellation (asyncio.wait_for did until Python 3.12).
            if self._stopping:
                return
            with suppress(OSError, websockets.WebSocketException):
                address = f"ws{self._url.removeprefix('http')}/videos/{1 + turn % 3}/viewers"
                async with websockets.connect(address, sock=await _connect(self._url)) as session:
                    listening = asyncio.create_task(_listen(session))
                    try:
                        for _ in range(3 + 2 * number):
                            await session.send(f"viewer {number} says hello")
                            await asyncio.sleep(0.5 + number / 10)
                    finally:
                        listening.cancel()
            await asyncio.sleep(0.5)


async def _listen(session: AsyncIterable[str | bytes]) -> None:
    """Take what the others say, or it would pile up on its way."""
    with suppress(websockets.WebSocketException):
        async for _ in session:
            pass


async def _connect(url: str) -> socket.socket:
    """Open the WebSocket's connection, so that no proxy of the environment comes between."""
    address = urlsplit(url)
    connection = socket.socket(socket.AF_INET6 if ":" in (address.hostname or "") else socket.AF_INET)
    connection.setblocking(False)  # noqa: FBT003 (the standard library's signature)
    try:
        await asyncio.get_running_loop().sock_connect(connection, (address.hostname, address.port))
    except BaseException:
        connection.close()
        raise
    return connection
