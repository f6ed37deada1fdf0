"""The outermost layer of the application: every request and session passes here, in and out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from apivitals.http.exchange import Exchange, Receive, Scope, Send
from apivitals.http.meter import HttpMeter
from apivitals.http.route import SCOPE_KEY
from apivitals.http.websocket import Session, WebSocketMeter

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


class VitalsMiddleware:
    """Measures what passes, and answers for the metrics page."""

    def __init__(  # noqa: PLR0913  # the pieces that `instrument` puts together
        self,
        app: App,
        *,
        http: HttpMeter,
        websocket: WebSocketMeter,
        page: Page | None,
        excluded: Callable[[Scope], bool] | None,
        lifecycle: Lifecycle,
    ) -> None:
        self.app = app
        self._http = http
        self._active = http.active
        self._websocket = websocket
        self._page = page
        self._page_path = page.path if page is not None else ""
        self._excluded = excluded
        self._lifecycle = lifecycle
        self._started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, measured, unless an instrumented application around this one measures it already."""
        kind = scope["type"]
        if kind == "lifespan":
            await self._lifecycle.lifespan(self.app, scope, receive, send)
            return
        if not self._started:
            self._started = True
            self._lifecycle.first_request()
        if (
            kind == "http"
            and self._page is not None
            and scope["path"].endswith(self._page_path)
            and self._page.serves(scope)
        ):
            await self._page(scope, receive, send)
            return
        if SCOPE_KEY in scope or (self._excluded is not None and self._excluded(scope)):
            await self.app(scope, receive, send)
            return
        passing: Exchange | Session
        if kind == "http":
            passing = Exchange(self._http, scope, receive, send)
            self._active.add(passing)
        elif kind == "websocket":
            passing = Session(self._websocket, scope, receive, send)
        else:
            await self.app(scope, receive, send)
            return
        scope[SCOPE_KEY] = passing
        try:
            await self.app(scope, passing.receive, passing.send)
        except BaseException as error:
            passing.close(error)
            raise
        else:
            passing.close(None)
        finally:
            scope.pop(SCOPE_KEY, None)
