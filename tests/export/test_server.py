"""The metrics on a port of their own."""

import asyncio
import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import apivitals
from tests.support.asgi import Client
from tests.support.exposition import samples
from tests.support.lifespan import LifespanFailedError
from tests.support.vitals import COUNT

pytestmark = pytest.mark.anyio


async def hello(request):
    return PlainTextResponse("hello")


async def get(shown, path="/metrics", method="GET", **options):
    url = f"http://127.0.0.1:{shown.vitals.metrics_port}{path}"
    return await asyncio.to_thread(httpx.request, method, url, **options)


@pytest.fixture
async def served(instrumented):
    app = Starlette(routes=[Route("/x", hello)])
    shown = instrumented(app, metrics_port=0)
    async with Client(app).lifespan():
        await Client(app).get("/x")
        yield shown


async def test_serves_the_page_and_the_application_no_longer_does(served):
    response = await get(served)
    assert response.status_code == 200
    assert response.headers["content-encoding"] == "gzip", "httpx asks for it"
    assert samples(response.text).value(COUNT) == 1
    assert (await Client(served.app).get("/metrics")).status == 404


async def test_answers_while_the_event_loop_is_blocked(served):
    """The one who is called at night wants the metrics of just that service."""

    def blocking_the_loop():
        return httpx.get(f"http://127.0.0.1:{served.vitals.metrics_port}/metrics", timeout=5)

    assert blocking_the_loop().status_code == 200


async def test_formats_methods_and_paths(served):
    response = await get(served, headers={"accept": "application/openmetrics-text"})
    assert response.text.endswith("# EOF\n")
    head = await get(served, method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    refused = await get(served, method="POST", content=b"x" * 10)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    assert (await get(served, "/other")).status_code == 404
    assert (await get(served, "/metrics?x=1")).status_code == 200


async def test_token(instrumented):
    app = Starlette()
    shown = instrumented(app, metrics_port=0, metrics_token="s3cret")  # noqa: S106  # no secret
    async with Client(app).lifespan():
        assert (await get(shown)).status_code == 401
        assert (await get(shown, headers={"authorization": "Bearer s3cret"})).status_code == 200


async def test_both_places_if_both_are_named(instrumented):
    app = Starlette()
    shown = instrumented(app, metrics_port=0, metrics_path="/vitals")
    async with Client(app).lifespan():
        assert (await get(shown, "/vitals")).status_code == 200
        assert (await Client(app).get("/vitals")).status == 200


async def test_port_is_released_with_the_lifespan_and_opened_with_the_next(instrumented):
    app = Starlette()
    shown = await asyncio.to_thread(instrumented, app, metrics_port=0)  # at import, no loop runs yet
    assert shown.vitals.metrics_port is None
    for _ in range(2):
        async with Client(app).lifespan():
            port = shown.vitals.metrics_port
            assert (await get(shown)).status_code == 200
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))


async def test_port_in_use_stops_the_start_with_one_clear_line(instrumented):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        app = Starlette()
        await asyncio.to_thread(instrumented, app, metrics_port=port)
        with pytest.raises(
            LifespanFailedError, match=f"metrics_port {port} on 127.0.0.1 cannot be bound: Address already"
        ):
            async with Client(app).lifespan():
                pass


async def test_port_in_use_is_an_error_where_it_can_be_raised():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        app = Starlette()
        with pytest.raises(apivitals.SettingsError, match=f"metrics_port {port} on 127.0.0.1 cannot be bound"):
            apivitals.instrument(app, metrics_port=port)
        assert not hasattr(app, "_apivitals_gate"), "nothing half-started"


async def test_inside_a_running_loop_it_is_there_at_once(instrumented):
    shown = instrumented(Starlette(), metrics_port=0, metrics_host="::1" if _has_ipv6() else "127.0.0.1")
    assert shown.vitals.metrics_port


def _has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
