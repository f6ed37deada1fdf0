"""Nothing that a client sends makes series without end."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.support.asgi import Client
from tests.support.vitals import COUNT

pytestmark = pytest.mark.anyio


async def hello(request):
    return PlainTextResponse("hello")


async def test_scan_of_unknown_paths(instrumented):
    app = Starlette(routes=[Route("/x", hello)])
    shown = instrumented(app)
    client = Client(app)
    for n in range(10_000):
        await client.get(f"/scan/{n}.php")
    assert shown.outcomes() == [("GET", "", "404", "", 10_000)]


async def test_invented_methods_and_schemes(instrumented):
    app = Starlette(routes=[Route("/x", hello)])
    shown = instrumented(app)
    for n in range(1_000):
        await Client(app).request(f"METHOD{n}", "/x")
        await Client(app, scheme=f"scheme{n}").get("/x")
    assert shown.outcomes() == [("GET", "/x", "200", "", 1_000), ("_OTHER", "/x", "405", "", 1_000)]
    assert shown.page().label_values(COUNT, "url_scheme") == {"http", "_OTHER"}
    kept = shown.vitals._http._records  # noqa: SLF001  # what is not kept cannot be seen from outside
    assert not kept, "an invented key is not kept either"


async def test_past_the_series_limit_requests_are_counted_in_overflow(instrumented):
    routes = [Route(f"/{n}", hello) for n in range(30)]
    app = Starlette(routes=routes)
    shown = instrumented(app, series_limit=10)
    for n in range(30):
        for _ in range(2):
            await Client(app).get(f"/{n}")
    page = shown.page()
    assert page.value(COUNT) == 60
    assert page.value(COUNT, otel_metric_overflow="true") == 40
    assert len(page.labels(COUNT)) == 11
    assert (
        page.value("apivitals_internal_dropped_label_sets_total", metric="http_server_request_duration_seconds") == 40
    )
    assert page.value("apivitals_internal_series", metric="http_server_request_duration_seconds") == 10
