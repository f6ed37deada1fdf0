"""Which route a request matched, as its full template.

Starlette and FastAPI leave parts of it in the scope, and differently from version to version: nothing for a plain
route before Starlette 1.0, the path inside the mount for a mounted application, the path inside the router for an
included one, and of a mount's own template nothing at all, only its real values in ``root_path``. So the routes
themselves are asked at the moment they take a request. That also survives a middleware that copies the scope.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from time import perf_counter
from typing import Any, Protocol

from starlette import routing

from apivitals.breakdown import phases
from apivitals.breakdown.components import DEPENDENCIES, ENDPOINT
from apivitals.breakdown.current import RequestTimeline

SCOPE_KEY = "apivitals"
_MOUNT_REST = "/{path}"

Handle = Callable[..., Awaitable[None]]


class Matched(Protocol):
    """What remembers a match: a request or a WebSocket session."""

    mount: str
    route: str
    endpoint: Any
    timeline: RequestTimeline | None


def note_match(matched: Matched, route: Any, scope: MutableMapping[str, Any]) -> None:
    """Put the template of `route`, which has just taken the request, on `matched`.

    A mount's own template ends in ``/{path}`` until a route inside it has taken the request too.
    """
    template = str(getattr(route, "path_format", None) or getattr(route, "path", ""))
    if isinstance(route, routing.Mount):
        matched.mount += template.removesuffix(_MOUNT_REST)
        matched.route = matched.mount + _MOUNT_REST
        return
    fastapi = scope.get("fastapi")
    if fastapi is not None:
        # FastAPI from 0.137: a router's route is one object however often it is included; the prefix is in the context.
        context = fastapi.get("effective_route_context")
        if context is not None and context.original_route is route:
            template = context.path_format or template
    matched.route = matched.mount + template
    matched.endpoint = getattr(route, "endpoint", None)


def enter_route(timeline: RequestTimeline, route: Any, scope: MutableMapping[str, Any], send: Any) -> Any:
    """Begin the route's part of the request's time; returns the `send` that ends it."""
    if phases.marks_endpoint(route.__class__):
        timeline.scope = scope
        timeline.enter(DEPENDENCIES, perf_counter())
    else:
        timeline.enter(ENDPOINT, perf_counter())
    return phases.leaving_route(timeline, send)


def hooked_classes() -> Iterator[type]:
    """Yield the classes whose `handle` a request passes on its way to an endpoint."""
    yield from (routing.Route, routing.WebSocketRoute, routing.Mount)
    fastapi = sys.modules.get("fastapi.routing")  # not imported for a plain Starlette service
    if fastapi is not None and "handle" in vars(fastapi.APIRoute):
        yield fastapi.APIRoute


def reporting_match(handle: Handle) -> Handle:
    """Wrap a route's `handle` so that it reports the match before it goes on.

    It returns the coroutine of the wrapped one instead of awaiting it: no frame of ours stays on the stack.
    """

    @functools.wraps(handle)
    def reporting(self: Any, scope: MutableMapping[str, Any], receive: Any, send: Any) -> Awaitable[None]:
        matched = scope.get(SCOPE_KEY)
        if matched is not None and matched.matched is not self:
            matched.matched = self
            try:
                note_match(matched, self, scope)
                if matched.timeline is not None and not isinstance(self, routing.Mount):
                    send = enter_route(matched.timeline, self, scope, send)
            except Exception as error:  # noqa: BLE001  # a route that is not what we know costs its template only
                matched.meter.errors.caught("route", error)
        return handle(self, scope, receive, send)

    return reporting
