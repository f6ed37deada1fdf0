"""The demo is a FastAPI service: without FastAPI, as in the plain Starlette suite, there is nothing to test here."""

import asyncio
from importlib.util import find_spec

import pytest

from tests.support.servers import free_port

collect_ignore_glob = [] if find_spec("fastapi") else ["test_*.py"]


@pytest.fixture(scope="session")
def cache_url(tmp_path_factory):
    """Run the small Redis, which every machine has, and give its address."""
    from apivitals.demo.cache import small_redis  # noqa: PLC0415 (needs the demo's packages)

    with small_redis(port=free_port(), directory=tmp_path_factory.mktemp("cache")) as server:
        asyncio.run(server.until_listening())
        yield server.url
