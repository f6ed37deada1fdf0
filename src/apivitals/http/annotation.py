"""What a server span is told of its request before it ends."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from apivitals.tracing.server_span import SECONDS, name_server_span, put_breakdown

if TYPE_CHECKING:
    from apivitals.http.exchange import Exchange

_QUEUE = f"{SECONDS}queue"


def annotate(exchange: Exchange) -> None:
    """Put the breakdown on the request's server span, and its queue time and route."""
    timeline = exchange.timeline
    if timeline is None or timeline.server_span is None:
        return
    span = timeline.server_span
    put_breakdown(span, timeline.components(perf_counter()))
    if exchange.queue_seconds is not None:
        span.set_attribute(_QUEUE, exchange.queue_seconds)
    name_server_span(span, exchange.scope["method"], exchange.route, exchange.status)
