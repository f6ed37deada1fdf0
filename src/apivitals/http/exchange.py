"""One request and its response, as they pass between the server and the application."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

from apivitals import exceptions
from apivitals.breakdown.components import ENDPOINT, RECEIVE, SEND
from apivitals.breakdown.current import RequestTimeline
from apivitals.http import outcome

if TYPE_CHECKING:
    from apivitals.http.meter import HttpMeter

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_SERVER_ERROR = 500


class Exchange:
    """Reads the clock and counts bytes; passes every message and exception on as it is.

    What changes in few requests is a class attribute until it does: an instance then starts with a handful of
    stores, which is a fifth of what the middleware costs.
    """

    status = 0
    first_byte: float | None = None
    request_bytes = 0
    response_bytes = 0
    response_headers: Any = ()
    request_complete = False
    streamed = False
    complete = False
    recorded = False
    queue_seconds: float | None = None
    disconnected = False
    send_failed: BaseException | None = None
    # written by `apivitals.http.route`
    matched: Any = None
    mount = ""
    route = ""
    endpoint: Any = None

    def __init__(self, meter: HttpMeter, scope: Scope, receive: Receive, send: Send) -> None:
        self.meter = meter
        self.scope = scope
        self._receive = receive
        self._send = send
        self.started = started = perf_counter()
        self.ended = 0.0
        self.timeline = RequestTimeline(started) if meter.breakdown else None
        if meter.queue is not None:
            self.queue_seconds = meter.queue.read(scope)

    async def receive(self) -> Message:
        """Count the body on its way in, time the wait for it, and see a client leave."""
        timeline, waiting = self.timeline, None
        if timeline is not None and not self.request_complete:
            waiting = timeline.open(timeline, RECEIVE, perf_counter(), counts=False)
        try:
            message = await self._receive()
        finally:
            if timeline is not None and waiting is not None:
                timeline.close(waiting, perf_counter())
        kind = message["type"]
        if kind == "http.request":
            body = message.get("body")
            if body:
                self.request_bytes += len(body)
            if not message.get("more_body", False):
                self.request_complete = True
        elif kind == "http.disconnect":
            self.request_complete = self.disconnected = True
            if timeline is not None and timeline.server_span is not None:
                self.meter.annotate(self)  # the span may end before the request does
        return message

    async def send(self, message: Message) -> None:
        """Take the clock readings as the response goes out; the last body byte ends the request."""
        kind = message["type"]
        timeline = self.timeline
        more = message.get("more_body", False)
        if kind == "http.response.start":
            self.status = message["status"]
            self.first_byte = now = perf_counter()
            self.response_headers = message.get("headers", ())
            if timeline is not None:
                timeline.enter(SEND, now)
        elif timeline is not None:
            self._enter_body(timeline, more=more)
        try:
            await self._send(message)
        except BaseException as error:
            self.send_failed = error
            raise
        if kind == "http.response.body":
            body = message.get("body")
            if body:
                self.response_bytes += len(body)
            if not more:
                self.finish()
            elif timeline is not None:
                timeline.enter(ENDPOINT, perf_counter())
        elif kind != "http.response.start":
            self._count_extension(message)

    def _count_extension(self, message: Message) -> None:
        """Count a body that the server reads by itself."""
        kind = message["type"]
        if kind == "http.response.pathsend":
            with contextlib.suppress(OSError):  # a file that is removed once it is sent
                self.response_bytes += os.stat(message["path"]).st_size  # noqa: PTH116  # microseconds; no Path here
            self.finish()
        elif kind == "http.response.zerocopysend":
            self.response_bytes += message.get("count") or 0
            if not message.get("more_body", False):
                self.finish()

    def _enter_body(self, timeline: RequestTimeline, *, more: bool) -> None:
        """Begin to send the body, or a chunk of a stream: what was not spent on sending was spent on making it."""
        if not more and not self.streamed:
            timeline.leave_behind(perf_counter())  # what is still open, a response that is whole has not waited for
            return
        if not self.streamed:
            self.streamed = True
            timeline.rename(ENDPOINT)
        timeline.enter(SEND, perf_counter())

    def finish(self) -> None:
        """Take the end of the response.

        A 500 waits for the exception that Starlette answers with it and raises again only afterwards; any other
        response is recorded here, before background tasks run.
        """
        if self.complete:  # an application that ends its response twice
            return
        self.ended = ended = perf_counter()
        self.complete = True
        self.meter.active.discard(self)
        timeline = self.timeline
        if timeline is not None:
            timeline.end(ended)
            if timeline.server_span is not None:
                self.meter.annotate(self)
        status = self.status
        if status != _SERVER_ERROR:
            self.recorded = True
            self.meter.record(self, str(status) if status > _SERVER_ERROR else "")

    def close(self, error: BaseException | None) -> None:
        """Take the end of the application's work on this request: by return, or by `error`."""
        if self.recorded:
            return
        error = exceptions.unwrapped(error)
        if self.complete:
            if self.disconnected and error is not None and outcome.is_disconnect(error):
                # Starlette's 500 for a client that left while its body was read has reached nobody
                self.status, self.first_byte = 0, None
                self.record(outcome.CLIENT_DISCONNECTED)
            else:
                self.record(str(_SERVER_ERROR) if error is None else exceptions.exception_name(error))
            return
        self.ended = perf_counter()
        self.meter.active.discard(self)
        if self.timeline is not None:
            self.timeline.end(self.ended)
        self.record(self._failure(error))

    def _failure(self, error: BaseException | None) -> str:
        """Tell apart the ways in which a response stays incomplete."""
        failed_send = self.send_failed is not None and isinstance(self.send_failed, OSError)
        if self.disconnected or failed_send or (error is not None and outcome.is_disconnect(error)):
            return outcome.CLIENT_DISCONNECTED
        if error is None:
            self.status = self.status or _SERVER_ERROR  # which the server sends for an application that sends nothing
            return outcome.INCOMPLETE
        if exceptions.is_cancellation(error):
            return exceptions.CANCELLED
        self.status = self.status or _SERVER_ERROR  # likewise for one that raises before it sends
        return exceptions.exception_name(error)

    def record(self, error_type: str) -> None:
        """Hand the measurements to the meter, once."""
        self.recorded = True
        self.meter.record(self, error_type)
