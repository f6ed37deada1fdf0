"""The way into an application, opened so that our middleware is outermost.

Frameworks build their middleware once, at the first message, so what is added later comes too late or not at all; and
other instrumentations rebuild it around what they find. Calling the application object itself is the one step that
neither changes: servers, test clients and mounts all do it. So the class's ``__call__`` looks for a gate on the
instance, and goes through it.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from apivitals import patching
from apivitals.breakdown import phases
from apivitals.http import route
from apivitals.http.middleware import GATE, Gate, measuring


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
        self.owner = owner
        self._hooked: tuple[type, ...] = ()
        self._phases: list[tuple[ModuleType, str]] = []

    def open(self, gate: Gate) -> None:
        """Send what comes to the application through `gate` first."""
        patching.acquire(self.owner, "__call__", functools.partial(measuring, self.owner))
        self._hooked = tuple(route.hooked_classes())
        for cls in self._hooked:
            patching.acquire(cls, "handle", route.reporting_match)
        if gate.divides:
            self._phases = phases.hook()
        vars(self._app)[GATE] = gate

    def close(self) -> None:
        """Leave the application, and what its classes share, as they were."""
        vars(self._app).pop(GATE, None)
        patching.release(self.owner, "__call__")
        for cls in self._hooked:
            patching.release(cls, "handle")
        phases.unhook(self._phases)
        self._phases = []
