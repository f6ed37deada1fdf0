"""Functions of the four kinds, wrapped so that each call of them is an operation."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

from apivitals.operations.operation import Operation

Begin = Callable[[], Operation]


def wrapped(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    """Wrap a function; what it is and what it takes stays visible to frameworks.

    A generator runs while it produces: what its consumer does in between is not its time.

    Raises:
        TypeError: it is no function.
    """
    if isinstance(function, (staticmethod, classmethod)):
        raise TypeError(f"track {function.__func__.__qualname__} below @{type(function).__name__}, not above it")
    if isinstance(function, type) or not callable(function):
        raise TypeError(f"a function can be tracked, and {function!r} is none")
    kind = _code(function)
    if inspect.isasyncgenfunction(kind):
        return _async_generator(function, begin)
    if inspect.isgeneratorfunction(kind):
        return _generator(function, begin)
    if inspect.iscoroutinefunction(kind):
        return _coroutine(function, begin)
    return _plain(function, begin)


def _code(function: Callable[..., Any]) -> Any:
    """Return what tells a function's kind; for an object that can be called, that is its ``__call__``."""
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    if inspect.isroutine(inner) or inspect.iscoroutinefunction(inner):
        return inner
    return type(inner).__call__


def _plain(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        operation = begin()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            operation.end(error)
            raise
        operation.end(None)
        return result

    return call


def _coroutine(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        operation = begin()
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            operation.end(error)
            raise
        operation.end(None)
        return result

    return call


def _generator(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    @functools.wraps(function)
    def produce(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        operation = begin()
        try:
            generator = function(*args, **kwargs)
            step, value = generator.send, None
            while True:
                try:
                    item = step(value)
                except StopIteration as stop:
                    operation.end(None)
                    return stop.value
                operation.produced()
                try:
                    value = yield item
                    step = generator.send
                except GeneratorExit:
                    operation.resume()
                    generator.close()
                    raise
                except BaseException as error:  # noqa: BLE001  # the consumer's throw(), which is the generator's
                    step, value = generator.throw, error
                operation.resume()
        except BaseException as error:
            operation.end(error)
            raise

    return produce


def _async_generator(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    @functools.wraps(function)
    async def produce(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        operation = begin()
        try:
            generator = function(*args, **kwargs)
            step, value = generator.asend, None
            while True:
                try:
                    item = await step(value)
                except StopAsyncIteration:
                    operation.end(None)
                    return
                operation.produced()
                try:
                    value = yield item
                    step = generator.asend
                except GeneratorExit:
                    operation.resume()
                    await generator.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001  # the consumer's athrow(), which is the generator's
                    step, value = generator.athrow, error
                operation.resume()
        except BaseException as error:
            operation.end(error)
            raise

    return produce
