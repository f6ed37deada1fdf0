"""What begins when the service starts and ends when it stops: its own port, and the parts that run beside requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import anyio.lowlevel
import anyio.to_thread

from apivitals.errors import ErrorLog
from apivitals.export.own_port import OwnPort
from apivitals.http.exchange import Message, Receive, Scope, Send
from apivitals.http.middleware import App


class Part(NamedTuple):
    """Something that runs between the service's start and its stop. An error in it costs only itself."""

    operation: str
    """What the error log calls it."""
    start: Callable[[], object]
    stop: Callable[[], object]
    """For the second time it does nothing."""
    waits: bool = False
    """Whether `stop` waits for somebody, seconds at most."""


class Lifecycle:
    """Starts and stops them once each, in the lifespan, or at the first request of a server that has none.

    Nothing starts when the module is imported: a server that forks its workers would leave its threads behind.
    """

    def __init__(self, join: Callable[[], None], port: OwnPort | None, parts: Iterable[Part], errors: ErrorLog) -> None:
        self._join = join
        self._port = port
        self._parts = tuple(parts)
        self._errors = errors
        self._lock = threading.Lock()
        self._begun = False

    async def lifespan(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the lifespan on; the port is opened before it, so that a port in use stops the start."""
        await anyio.lowlevel.checkpoint()  # anyio loads its backend, in 20 ms, at the first call: not at a scrape
        try:
            self.open_port()
        except OSError as error:
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return

        async def noting(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self.begin()
            elif message["type"].startswith("lifespan.shutdown"):
                for part in self._parts:
                    if part.waits:
                        await anyio.to_thread.run_sync(self._attempt, part.operation, part.stop)
                self.stop()
            await send(message)

        try:
            await app(scope, receive, noting)
        except BaseException:
            self.stop()
            raise

    def first_request(self) -> None:
        """Start what no lifespan has started. Requests are served already, so an error is only noted."""
        self._attempt("start", self.open_port)
        self.begin()

    def open_port(self) -> None:
        """Join the other workers, if there are any, and serve on the port of its own, if there is to be one.

        Raises:
            OSError: it cannot be bound; the message names the setting.
        """
        with self._lock:
            self._attempt("workers", self._join)
            if self._port is not None:
                self._port.open()

    def begin(self) -> None:
        """Start the parts, one after the other."""
        with self._lock:
            if self._begun:
                return
            self._begun = True
            for part in self._parts:
                self._attempt(part.operation, part.start)

    def stop(self) -> None:
        """Release the port and stop the parts; `first_request` or another lifespan may start them again."""
        with self._lock:
            if self._begun:
                self._begun = False
                for part in reversed(self._parts):
                    self._attempt(part.operation, part.stop)
            if self._port is not None:  # after the parts, one of which would take it over again
                self._port.close()

    def _attempt(self, operation: str, act: Callable[[], Any]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001  # the service goes on without it
            self._errors.caught(operation, error)
