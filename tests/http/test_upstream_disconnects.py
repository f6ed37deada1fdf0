"""An upstream that hangs up is not the client that left, whatever its library calls the exception."""

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.routing import Route
from starlette.websockets import WebSocketDisconnect

from apivitals.http.outcome import is_disconnect
from tests.support.asgi import Client

pytestmark = pytest.mark.anyio

Upstreams = type("WebSocketDisconnect", (Exception,), {"__module__": "httpx_ws._exceptions"})
"""What httpx-ws raises where the server that it is connected to has left."""


async def test_upstream_that_hangs_up_is_named(instrumented):
    async def proxying(request):
        raise Upstreams

    app = Starlette(routes=[Route("/x", proxying)])
    shown = instrumented(app)
    await Client(app).get("/x")
    assert shown.only_outcome() == ("/x", "500", "httpx_ws._exceptions.WebSocketDisconnect")


async def test_upstream_that_hangs_up_in_mid_stream_is_named(instrumented):
    async def proxying(request):
        async def chunks():
            yield b"one"
            raise Upstreams

        return StreamingResponse(chunks())

    app = Starlette(routes=[Route("/x", proxying)])
    shown = instrumented(app)
    await Client(app).get("/x")
    assert shown.only_outcome() == ("/x", "200", "httpx_ws._exceptions.WebSocketDisconnect")


class OurDisconnect(WebSocketDisconnect):
    """An application's own kind."""


@pytest.mark.parametrize("error", [ClientDisconnect(), WebSocketDisconnect(), OurDisconnect()])
def test_starlettes_own_are_the_clients(error):
    assert is_disconnect(error)
