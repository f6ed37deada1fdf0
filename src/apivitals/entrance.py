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
        self._app = app
        self._owner = next((cls for cls in type(app).__mro__ if "__call__" in vars(cls)), None)
        if self._owner is None or not hasattr(app, "__dict__") or type(app).__module__ == "builtins":
            raise TypeError(
                f"instrument() takes a FastAPI or Starlette application, or an ASGI middleware around one; "
                f"{app!r} is {'a function' if callable(app) else 'neither'}"
            )

    @property
    def inside(self) -> App:
        """The application as it was before anything was opened here."""
        call = getattr(self._owner, "__call__")  # noqa: B004  # the function itself is wanted, not whether there is one
        original = getattr(call, "_apivitals_original", call)
        return functools.partial(original, self._app)

    def open(self, middleware: VitalsMiddleware) -> None:
        """Send what comes to the application through `middleware` first."""
        assert self._owner is not None  # noqa: S101  # refused in __init__
        patching.acquire(self._owner, "__call__", functools.partial(_through_middleware, self._owner))
        vars(self._app)[_ATTRIBUTE] = (self._owner, middleware)
        for cls in route.hooked_classes():
            patching.acquire(cls, "handle", route.reporting_match)

    def close(self) -> None:
        """Leave the application, and what its classes share, as they were."""
        assert self._owner is not None  # noqa: S101  # refused in __init__
        vars(self._app).pop(_ATTRIBUTE, None)
        patching.release(self._owner, "__call__")
        for cls in route.hooked_classes():
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

    call._apivitals_original = original  # type: ignore[attr-defined]  # read by `inside`
    return call
