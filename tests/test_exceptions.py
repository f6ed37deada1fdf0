"""Which exceptions mean that a task is being stopped."""

import asyncio

import pytest

from apivitals.exceptions import is_cancellation


def of(module, name):
    """Make an exception of a library that need not be installed."""
    return type(name, (BaseException,), {"__module__": module})()


@pytest.mark.parametrize("error", [asyncio.CancelledError(), of("trio", "Cancelled"), of("trio._core", "Cancelled")])
def test_cancellation(error):
    assert is_cancellation(error)


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        of("trio", "TooSlowError"),
        of("trio", "BrokenResourceError"),
        of("trio_websocket", "ConnectionClosed"),
        of("triopg", "Cancelled"),
        of("app", "Cancelled"),
    ],
)
def test_error(error):
    assert not is_cancellation(error)
