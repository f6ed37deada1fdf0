"""What all tests share."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support import servers
from tests.support.vitals import Instrumented


def pytest_configure() -> None:
    """Forget the settings of whoever runs the tests, so that only a test's own are in force."""
    # What runs in the background of a script ignores Ctrl-C, and what it starts would too: tests press it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    servers.are_required = os.environ.get("APIVITALS_REQUIRE_REAL") == "1"
    for name in list(os.environ):
        if name.startswith(("APIVITALS_", "OTEL_")):
            del os.environ[name]
    # Newer uvicorns end a worker that does not answer within five seconds, though it only starts slowly. Not more than
    # this: for one that is killed while it is asked they wait as long, and tests for its successor.
    os.environ["UVICORN_TIMEOUT_WORKER_HEALTHCHECK"] = "20"
    _load_profile_of_hypothesis()


def _load_profile_of_hypothesis() -> None:
    """Draw the same examples wherever the tests run, and let none fail because a machine is slow."""
    try:
        from hypothesis import HealthCheck, settings  # noqa: PLC0415 (where it is installed)
    except ImportError:
        return
    settings.register_profile(
        "apivitals",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize=True,
        database=None,
        print_blob=True,
    )
    settings.load_profile("apivitals")


@pytest.fixture
def anyio_backend() -> str:
    """Run `@pytest.mark.anyio` tests on asyncio: the servers that FastAPI runs under have no other loop."""
    return "asyncio"


@pytest.fixture
def instrumented() -> Iterator[Callable[..., Instrumented]]:
    """Instrument applications for one test."""
    made: list[Instrumented] = []

    def make(app: Any, **settings: Any) -> Instrumented:
        made.append(Instrumented(app, **settings))
        return made[-1]

    yield make
    for one in made:
        one.vitals.uninstrument()
