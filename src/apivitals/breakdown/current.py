"""Where in which request the running code is: what `track()` and spans open their intervals in."""

from __future__ import annotations

from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

from opentelemetry.trace import Span, SpanContext

from apivitals.breakdown.timeline import Interval, Timeline

CURRENT: ContextVar[Interval | None] = ContextVar("apivitals_interval", default=None)
"""The innermost interval around the running code; the request's `RequestTimeline` itself; None outside of requests."""


class RequestTimeline(Timeline):
    """A request's timeline, with what is known of its trace."""

    scope: MutableMapping[str, Any] | None = None
    """The ASGI scope that a FastAPI route was given, until its endpoint is called."""
    server_span: Span | None = None
    """The recording span of kind SERVER, which the breakdown is put on."""
    trace: SpanContext | None = None
    """A sampled span of the request, the server span if there is one: what exemplars point to."""

    def forget(self) -> None:
        """Let go of the request: its context, and this in it, may live on in a task that it has left behind."""
        self.scope = self.server_span = None


def request_of(interval: Interval | None) -> RequestTimeline | None:
    """Return the request that an interval is, or was, a part of."""
    while interval is not None and interval.parent is not None:
        interval = interval.parent
    return interval if isinstance(interval, RequestTimeline) else None


def innermost(one: Interval, other: Interval) -> Interval:
    """Return the one that is inside the other; `other` if neither is."""
    outer: Interval | None = one
    while outer is not None:
        if outer is other:
            return one
        outer = outer.parent
    return other
