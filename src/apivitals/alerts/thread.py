"""A function in a thread of its own, which nobody has to wait for."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import Any


async def in_own_thread(function: Callable[..., Any], *arguments: Any, name: str) -> Any:
    """Call the function and return what it returns.

    The thread is in nobody's pool, so a call that hangs takes nothing from requests, and it is a daemon, so a call that
    hangs does not keep the process from ending.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Any] = loop.create_future()

    def settle(value: Any, error: BaseException | None) -> None:
        if ended.done():
            return
        if error is None:
            ended.set_result(value)
        else:
            ended.set_exception(error)

    def run() -> None:
        value, error = None, None
        try:
            value = function(*arguments)
        except BaseException as caught:  # noqa: BLE001  # handed to whoever waits
            error = RuntimeError(repr(caught)) if isinstance(caught, StopIteration) else caught
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, value, error)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name=name, daemon=True).start()
    return await ended
