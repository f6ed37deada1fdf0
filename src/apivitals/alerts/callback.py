"""One callback: called once for each alert, within a time, and again only for what it failed at."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import anyio

from apivitals.alerts.alert import Alert
from apivitals.alerts.taken import Taken
from apivitals.alerts.thread import in_own_thread
from apivitals.errors import ErrorLog

AlertCallback = Callable[[Alert], object]

OPERATION = "alert_callback"


class Callback:
    """Delivers alerts to a function, one after the other, an async one on the event loop and others in a thread.

    What it has taken is remembered, so that a repetition, or a notification that is sent again because another callback
    failed, does not reach it twice. It is asyncio's, as are the servers that FastAPI runs under.
    """

    def __init__(
        self, function: AlertCallback, number: int, timeout_seconds: float, taken: Taken, errors: ErrorLog
    ) -> None:
        self.name = _name(function)
        self._function: Any = function
        self._is_async = _is_async(function)
        self._timeout_seconds = timeout_seconds
        self._errors = errors
        self._number = number
        self._taken = taken
        self._turn = anyio.Lock()
        self._late: asyncio.Task[BaseException | None] | None = None

    async def deliver(self, alerts: Iterable[Alert]) -> list[str]:
        """Call the function for each alert that it has not taken; return what went wrong, in words.

        A call that is late ends the delivery. A thread cannot be stopped, so until it has ended no other call begins,
        and if it ends well the alert counts as taken.
        """
        problems = []
        async with self._turn:
            for alert in alerts:
                if self._taken.holds(self._number, alert):
                    continue
                if self._is_late():
                    return [f"{self.name} is still at an earlier alert"]
                error = await self._call(alert)
                if error is not None:
                    self._errors.caught(OPERATION, error)
                    problems.append(f"{self.name} failed at {alert.name}: {type(error).__name__}")
                if self._is_late():
                    break
        return problems

    def _is_late(self) -> bool:
        return self._late is not None and not self._late.done()

    async def _call(self, alert: Alert) -> BaseException | None:
        self._late = call = asyncio.ensure_future(self._run(alert))
        await asyncio.wait({call}, timeout=self._timeout_seconds)
        if not call.done():
            if self._is_async:
                call.cancel()
            return TimeoutError(f"{self.name} took longer than {self._timeout_seconds:g} s")
        return asyncio.CancelledError() if call.cancelled() else call.result()

    async def _run(self, alert: Alert) -> BaseException | None:
        try:
            if self._is_async:
                await self._function(alert)
            else:
                answer = await in_own_thread(self._function, alert, name="apivitals-alert")
                if inspect.isawaitable(answer):
                    await answer
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # a SystemExit in a callback must not end the service either
            return error
        self._taken.add(self._number, alert)
        return None


def _is_async(function: AlertCallback) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004  # not whether it can be called, but how


def _name(function: AlertCallback) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    name: str = getattr(function, "__qualname__", type(function).__qualname__)
    return name.rpartition("<locals>.")[2]
