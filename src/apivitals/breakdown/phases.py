"""The phases that FastAPI and the thread pool mark: endpoint, serialization, and the wait for a thread.

The others are marked where the request passes us anyway: `middleware` and `send` by the outermost layer,
`dependencies` when a route takes the request. A marking function takes the clock and returns the coroutine of what it
marks, so that no frame of ours is left on the stack.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import AsyncExitStack
from time import perf_counter
from types import ModuleType
from typing import Any

import anyio.to_thread

from apivitals import patching
from apivitals.breakdown.components import DEPENDENCIES, ENDPOINT, MIDDLEWARE, SERIALIZATION, THREADPOOL_WAIT
from apivitals.breakdown.current import CURRENT, RequestTimeline, request_of

logger = logging.getLogger("apivitals")

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_ENDPOINT_HOOK, _SERIALIZATION_HOOK = "run_endpoint_function", "serialize_response"
_FUNCTION_STACK = "fastapi_function_astack"
_missing: set[str] = set()


def leaving_route(timeline: RequestTimeline, send: Send) -> Send:
    """Wrap the `send` that a route is given: with its response's start the request is the middleware's again."""

    def leave(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            timeline.enter(MIDDLEWARE, perf_counter())
        return send(message)

    return leave


def marking_endpoint(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Wrap FastAPI's call of the endpoint."""

    @functools.wraps(original)
    def run(*args: Any, **kwargs: Any) -> Awaitable[Any]:
        timeline = request_of(CURRENT.get())
        if timeline is not None:
            if timeline.scope is not None:
                _mark_teardown(timeline, timeline.scope.get(_FUNCTION_STACK))
                timeline.scope = None
            timeline.enter(ENDPOINT, perf_counter())
        return original(*args, **kwargs)

    return run


def _mark_teardown(timeline: RequestTimeline, stack: AsyncExitStack | None) -> None:
    """Have dependencies that end with the endpoint function end in their own phase: what is pushed last runs first."""
    if getattr(stack, "_exit_callbacks", None):  # an empty one, by far the most, needs no mark
        assert stack is not None  # noqa: S101  # it has an attribute
        stack.callback(lambda: timeline.enter(DEPENDENCIES, perf_counter()))


def marking_serialization(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Wrap FastAPI's validation and conversion of what the endpoint returned; the phase lasts until the response."""

    @functools.wraps(original)
    def serialize(*args: Any, **kwargs: Any) -> Awaitable[Any]:
        timeline = request_of(CURRENT.get())
        if timeline is not None:
            timeline.enter(SERIALIZATION, perf_counter())
        return original(*args, **kwargs)

    return serialize


def timing_wait(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Wrap ``anyio.to_thread.run_sync``, through which all that Starlette and FastAPI run in threads passes."""

    @functools.wraps(original)
    async def run_sync(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        outer = CURRENT.get()
        timeline = request_of(outer)
        wait = None
        if timeline is not None and outer is not None:
            wait = timeline.open(outer, THREADPOOL_WAIT, perf_counter(), counts=False)
        if timeline is None or wait is None:
            return await original(func, *args, **kwargs)
        waiting = wait  # for the closure: never None from here on

        def running(*args: Any) -> Any:
            timeline.close(waiting, perf_counter())
            return func(*args)

        try:
            return await original(running, *args, **kwargs)
        finally:  # cancelled before a thread was free
            timeline.close(waiting, perf_counter())

    return run_sync


@functools.lru_cache(maxsize=64)
def marks_endpoint(kind: type) -> bool:
    """Whether the endpoints of this class of routes mark their own beginning: what comes before is `dependencies`."""
    fastapi = sys.modules.get("fastapi.routing")
    # Not hooked, it was imported later than `hook` was called, or is of a version that has no place for it
    return fastapi is not None and issubclass(kind, fastapi.APIRoute) and patching.is_replaced(fastapi, _ENDPOINT_HOOK)


def hook() -> list[tuple[ModuleType, str]]:
    """Put the marks where this version of FastAPI has places for them; returns what is to be given to `unhook`."""
    hooked: list[tuple[ModuleType, str]] = []
    for module, name, wrap in _hooks():
        patching.acquire(module, name, wrap)
        hooked.append((module, name))
    marks_endpoint.cache_clear()
    return hooked


def unhook(hooked: list[tuple[ModuleType, str]]) -> None:
    """Take the marks out again."""
    for module, name in hooked:
        patching.release(module, name)
    marks_endpoint.cache_clear()


def _hooks() -> Iterator[tuple[ModuleType, str, Callable[[Any], Any]]]:
    yield anyio.to_thread, "run_sync", timing_wait
    fastapi = sys.modules.get("fastapi.routing")  # not imported for a plain Starlette service
    if fastapi is None:
        return
    for name, wrap, instead in (
        (_ENDPOINT_HOOK, marking_endpoint, "dependencies count as endpoint"),
        (_SERIALIZATION_HOOK, marking_serialization, "serialization counts as endpoint"),
    ):
        if hasattr(fastapi, name):
            yield fastapi, name, wrap
        elif name not in _missing:
            _missing.add(name)
            logger.warning("this version of FastAPI has no fastapi.routing.%s: in the breakdown %s", name, instead)
