"""The way into an application, opened so that our middleware is outermost.

Frameworks build their middleware once, at the first message, so what is added later comes too late or not at all; and
other instrumentations rebuild it around what they find. Calling the application object itself is the one step that
neither changes: servers, test clients and mounts all do it. So the class's ``__call__`` looks for a middleware on the
instance, and goes through it.
"""

from __future__ import annotations

import functools
from typing import Any

from apivitals import patching
from apivitals.http import route
from apivitals.http.exchange import Receive, Scope, Send
from apivitals.http.middleware import App, VitalsMiddleware

_ATTRIBUTE = "_apivitals_middleware"


class Entrance:
    """One application's `__call__`.

    Raises:
        TypeError: it is a plain function, or otherwise nothing whose class could be told apart.
    """

    def __init__(self, app: Any) -> None:
        owner = next((cls for cls in type(app).__mro__ if "__call__" in vars(cls)), None)
        if owner is None or not hasattr(app, "__dict__") or owner.__module__ == "builtins":
            raise TypeError(
                f"instrument() takes a FastAPI or Starlette application, or an ASGI middleware object around one, "
                f"not {app!r}"
            )
        self._app = app
        self._owner = owner
        self._hooked: tuple[type, ...] = ()

    @property
    def inside(self) -> App:
        """The application as it is without us."""
        return functools.partial(patching.original(self._owner, "__call__"), self._app)

    def open(self, middleware: VitalsMiddleware) -> None:
        """Send what comes to the application through `middleware` first."""
        patching.acquire(self._owner, "__call__", functools.partial(_through_middleware, self._owner))
        self._hooked = tuple(route.hooked_classes())
        for cls in self._hooked:
            patching.acquire(cls, "handle", route.reporting_match)
        vars(self._app)[_ATTRIBUTE] = (self._owner, middleware)

    def close(self) -> None:
        """Leave the application, and what its classes share, as they were."""
        vars(self._app).pop(_ATTRIBUTE, None)
        patching.release(self._owner, "__call__")
        for cls in self._hooked:
            patching.release(cls, "handle")


def _through_middleware(owner: type, original: Any) -> Any:
    @functools.wraps(original)
    async def call(self: Any, scope: Scope, receive: Receive, send: Send) -> None:
        opened = vars(self).get(_ATTRIBUTE)
        # Several classes of one application's family may be open: a subclass that overrides __call__, and its base.
        if opened is None or opened[0] is not owner:
            await original(self, scope, receive, send)
        else:
            await opened[1](scope, receive, send)

    return call
