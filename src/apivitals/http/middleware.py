"""The outermost layer of the application: every request and session passes here, in and out."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from apivitals.breakdown.current import CURRENT
from apivitals.http.exchange import Exchange, Receive, Scope, Send
from apivitals.http.meter import HttpMeter
from apivitals.http.route import SCOPE_KEY
from apivitals.http.websocket import Session, WebSocketMeter
from apivitals.tracing.server_span import ServerSpans
from apivitals.tracing.stand_in import STAND_IN

GATE = "_apivitals_gate"

App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Page(Protocol):
    """Something that answers requests in the application's place."""

    path: str

    def serves(self, scope: Scope) -> bool:
        """Whether this request is for it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> None:
        """Answer."""


class Lifecycle(Protocol):
    """What begins when the service starts."""

    async def lifespan(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the lifespan on to the application."""

    def first_request(self) -> None:
        """Start what no lifespan has started."""


class Gate:
    """Decides what of an application's traffic is measured, and answers what is not the application's."""

    def __init__(  # noqa: PLR0913  # the pieces that `instrument` puts together
        self,
        owner: type,
        *,
        http: HttpMeter,
        websocket: WebSocketMeter,
        pages: Sequence[Page],
        excluded: Callable[[Scope], bool] | None,
        lifecycle: Lifecycle,
    ) -> None:
        self.owner = owner
        self._http = http
        self._active = http.active
        self.divides = http.breakdown
        self._websocket = websocket
        self._pages = tuple(pages)
        self._page_paths = tuple(page.path for page in pages)  # for one comparison, of which 50 ns are all it costs
        self._excluded = excluded
        self._lifecycle = lifecycle
        self._started = False
        self._server_spans: ServerSpans | None = None

    def admit(self, scope: Scope, receive: Receive, send: Send) -> Exchange | Session | None:
        """Begin to measure a request or session; None for what is to be passed on, or answered, unmeasured."""
        kind = scope["type"]
        if kind == "lifespan":
            return None
        if not self._started:
            self._started = True
            self._lifecycle.first_request()
        # measured by an instrumented application around this one, or not to be measured at all
        if SCOPE_KEY in scope or (self._excluded is not None and self._excluded(scope)):
            return None
        passing: Exchange | Session
        if kind == "http":
            if scope["path"].endswith(self._page_paths) and self._page(scope) is not None:
                return None
            passing = Exchange(self._http, scope, receive, send)
            self._active.add(passing)
        elif kind == "websocket":
            passing = Session(self._websocket, scope, receive, send)
        else:
            return None
        scope[SCOPE_KEY] = passing
        return passing

    def needs_server_span(self, application: Any, call: Any) -> ServerSpans | None:
        """Return what is to make the server span of the next request, if nobody else does; `call` is the original."""
        if self._server_spans is None:
            self._server_spans = ServerSpans(application, functools.partial(call, application), STAND_IN)
        return self._server_spans if self._server_spans.are_needed() else None

    def _page(self, scope: Scope) -> Page | None:
        for page in self._pages:
            if page.serves(scope):
                return page
        return None

    async def pass_on(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        """Deal with what was not admitted."""
        if scope["type"] == "lifespan":
            await self._lifecycle.lifespan(app, scope, receive, send)
            return
        page = self._page(scope) if scope["type"] == "http" else None
        await (app if page is None else page)(scope, receive, send)


def measuring(owner: type, original: Any) -> Any:
    """Wrap the ``__call__`` of `owner`, a class of applications, so that instances with a gate are measured.

    This is the middleware, outermost and raw ASGI. It is written as one function, without an object and a frame for
    each step: cold, on the way into an application, each costs more than all it does.
    """

    @functools.wraps(original)
    async def call(self: Any, scope: Scope, receive: Receive, send: Send) -> None:
        gate = self.__dict__.get(GATE)
        # Several classes of one application's family may be wrapped: a subclass that overrides __call__, and its base.
        if gate is None or gate.owner is not owner:
            await original(self, scope, receive, send)
            return
        passing = gate.admit(scope, receive, send)
        if passing is None:
            await gate.pass_on(functools.partial(original, self), scope, receive, send)
            return
        timeline = passing.timeline
        server_spans = None
        if timeline is not None:
            around = CURRENT.get()
            CURRENT.set(timeline)
            server_spans = gate.needs_server_span(self, original)
        try:
            if server_spans is None:
                await original(self, scope, passing.receive, passing.send)
            else:
                await server_spans(scope, passing.receive, passing.send)
        except BaseException as error:
            passing.close(error)
            raise
        finally:
            scope.pop(SCOPE_KEY, None)
            if timeline is not None:
                timeline.forget()
                CURRENT.set(around)  # not reset(), which raises where a coroutine is thrown away in another context
        if not passing.recorded:
            passing.close(None)

    return call
