"""What all tests share."""

import os

import pytest

from tests.support import servers


def pytest_configure() -> None:
    """Forget the settings of whoever runs the tests, so that only a test's own are in force."""
    servers.are_required = os.environ.get("APIVITALS_REQUIRE_REAL") == "1"
    for name in list(os.environ):
        if name.startswith(("APIVITALS_", "OTEL_")):
            del os.environ[name]


@pytest.fixture
def anyio_backend() -> str:
    """Run `@pytest.mark.anyio` tests on asyncio: the servers that FastAPI runs under have no other loop."""
    return "asyncio"
