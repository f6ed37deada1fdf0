"""What a server span is told of its request before it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apivitals.http.exchange import Exchange

_PREFIX = "apivitals.component."


def annotate(exchange: Exchange) -> None:
    """Put the breakdown on the request's server span: seconds, calls and busy seconds by component, and the route."""
    timeline = exchange.timeline
    if timeline is None or timeline.server_span is None:
        return
    span = timeline.server_span
    for name, component in timeline.components().items():
        span.set_attribute(_PREFIX + name, component.seconds)
        if component.calls:
            span.set_attribute(f"{_PREFIX}{name}.calls", component.calls)
            span.set_attribute(f"{_PREFIX}{name}.busy", component.busy_seconds)
    if exchange.queue_seconds is not None:
        span.set_attribute(_PREFIX + "queue", exchange.queue_seconds)
    if exchange.route:
        span.set_attribute("http.route", exchange.route)
