"""The calls that one object of `track()` is in the middle of, by way of ``with``.

As a rule an object is used by one ``with`` at a time: there is one call, wherever it is left. FastAPI leaves a sync
dependency in another thread than it was entered in, so the context alone cannot tell. Where several use one object at
once, the context tells theirs from the first one's.
"""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar
from typing import TypeVar

from apivitals.operations.operation import Operation

_Call = TypeVar("_Call", bound=Operation)
_Shared = tuple[Operation, "_Shared | None"]

_SHARED: ContextVar[_Shared | None] = ContextVar("apivitals_shared", default=None)
"""Calls entered here through objects that were in use already, innermost first."""


def enter(calls: list[_Call], call: _Call) -> None:
    """Add a call that begins."""
    if calls:
        outer = _SHARED.get()
        while outer is not None and outer[0].ended:
            outer = outer[1]
        _SHARED.set((call, outer))
    calls.append(call)


def leave(calls: list[_Call]) -> _Call | None:
    """Take out the call that ends here; None if there is none, which is left more often than it was entered."""
    while True:
        try:
            if len(calls) == 1:
                return calls.pop(0)  # the first, even if another thread has just added one
            call = _own(calls)
        except IndexError:
            return None
        with suppress(ValueError):  # another thread has just taken that one
            calls.remove(call)
            return call


def _own(calls: list[_Call]) -> _Call:
    shared = _SHARED.get()
    while shared is not None:
        for call in calls:
            if call is shared[0]:
                return call
        shared = shared[1]
    return calls[0]
