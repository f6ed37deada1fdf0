"""The ways to put something under observation, which `track()` and `inference()` share."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

from apivitals.operations import entered
from apivitals.operations.functions import wrapped
from apivitals.operations.operation import Operation

_Call = TypeVar("_Call", bound=Operation)
_Function = TypeVar("_Function", bound=Callable[..., Any])


class Uses(Generic[_Call]):
    """Is a decorator, and can be entered by ``with`` and ``async with``, as often and by as many at once as one likes.

    What belongs to one call is in its `Operation`.
    """

    _entered: list[_Call]  # empty; set by the subclass, whose __init__ is on the request path

    def _call(self) -> _Call:
        """Make a call, which has not begun."""
        raise NotImplementedError

    def _begin(self) -> _Call:
        call = self._call()
        call.begin()
        return call

    def __call__(self, function: _Function) -> _Function:
        """Decorate a function, coroutine function, generator function or async generator function.

        Raises:
            TypeError: it is none of these.
        """
        return cast("_Function", wrapped(function, self._begin))

    def __enter__(self) -> _Call:
        call = self._call()
        entered.enter(self._entered, call)
        call.begin()
        return call

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        call = entered.leave(self._entered)
        if call is not None:
            call.end(error)

    async def __aenter__(self) -> _Call:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, at)
