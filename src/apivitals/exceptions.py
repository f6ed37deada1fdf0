"""Exceptions as values of ``error.type``."""

from __future__ import annotations

import asyncio

CANCELLED = "cancelled"


def unwrapped(error: BaseException | None) -> BaseException | None:
    """Return what a group of one exception holds: a task group, around a stream or a middleware, makes such groups."""
    while error is not None and type(error).__name__ in {"ExceptionGroup", "BaseExceptionGroup"}:
        inner = error.exceptions  # type: ignore[attr-defined]  # by name, since 3.10 has them from a package only
        if len(inner) != 1:
            break
        error = inner[0]
    return error


def is_cancellation(error: BaseException) -> bool:
    """Whether `error` is the event loop's way to stop a task, in asyncio or trio."""
    cls = type(error)
    return isinstance(error, asyncio.CancelledError) or (
        cls.__name__ == "Cancelled" and cls.__module__.partition(".")[0] == "trio"
    )


def exception_name(error: BaseException) -> str:
    """Name an exception as the semantic conventions do: with its module, unless it is a built-in."""
    cls = type(error)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
