"""The phases of a plain Starlette application, with or without FastAPI installed."""

import asyncio
import time

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from tests.support.asgi import Client
from tests.support.breakdown import seconds_by_component

pytestmark = pytest.mark.anyio

DELAY = 0.1


@pytest.mark.parametrize("mounted", [False, True])
async def test_an_endpoint_has_its_time_and_the_rest_is_middleware_and_send(instrumented, mounted):
    async def endpoint(request):
        await asyncio.sleep(DELAY)
        return JSONResponse({})

    route = Route("/y", endpoint)
    app = Starlette(routes=[Mount("/x", routes=[route]) if mounted else route])
    path = "/x/y" if mounted else "/y"
    shown = instrumented(app)
    begun = time.perf_counter()
    await Client(app).get(path)
    passed = time.perf_counter() - begun
    found = seconds_by_component(shown.page(), path)
    assert set(found) == {"middleware", "endpoint", "send"}
    assert DELAY <= found["endpoint"] <= passed
