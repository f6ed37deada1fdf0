"""What all tests share."""

import os

import pytest

OURS = "APIVITALS_REQUIRE_REAL"


def pytest_configure() -> None:
    """Forget the settings of whoever runs the tests, so that only a test's own are in force."""
    for name in list(os.environ):
        if name.startswith(("APIVITALS_", "OTEL_")) and name != OURS:
            del os.environ[name]


@pytest.fixture
def anyio_backend() -> str:
    """Run `@pytest.mark.anyio` tests on asyncio: the servers that FastAPI runs under have no other loop."""
    return "asyncio"
