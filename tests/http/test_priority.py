"""Priority: said in the code, or by pattern in the settings; settings first."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import apivitals
from apivitals.route_pattern import fits
from tests.support.asgi import Client
from tests.support.vitals import COUNT

pytestmark = pytest.mark.anyio


@apivitals.priority("high")
async def marked(request):
    return PlainTextResponse("hello")


async def plain(request):
    return PlainTextResponse("hello")


async def priorities_of(instrumented, **settings):
    app = Starlette(
        routes=[Route("/marked/{id}", marked, methods=["GET", "POST"]), Route("/plain", plain, methods=["GET", "POST"])]
    )
    shown = instrumented(app, **settings)
    for path in ("/marked/1", "/plain", "/nothing"):
        for method in ("GET", "POST"):
            await Client(app).request(method, path)
    return {
        (sample.labels["http_request_method"], sample.labels["http_route"]): sample.labels["priority"]
        for sample in shown.page().series(COUNT)
    }


async def test_decorator_and_default(instrumented):
    found = await priorities_of(instrumented)
    assert found["GET", "/marked/{id}"] == "high"
    assert found["GET", "/plain"] == found["GET", ""] == "medium"


async def test_settings_go_first_and_their_first_pattern_too(instrumented):
    found = await priorities_of(
        instrumented, priorities={"POST /marked/*": "critical", "/*": "low"}, default_priority="high"
    )
    assert found["POST", "/marked/{id}"] == "critical"
    assert found["GET", "/marked/{id}"] == "low"
    assert found["GET", ""] == "high", "no pattern speaks of what no route matched"


async def test_in_flight_has_it_too(instrumented):
    app = Starlette(routes=[Route("/marked", marked)])
    shown = instrumented(app)
    await Client(app).get("/marked")
    assert shown.page().has("http_server_active_requests", http_route="/marked", priority="high")


async def test_excluded_routes_leave_no_trace(instrumented):
    app = Starlette(routes=[Route("/health", plain), Route("/x", plain, methods=["GET", "POST"])])
    shown = instrumented(app, excluded_routes=["/health", "POST /x"])
    for path in ("/health", "/x"):
        await Client(app).get(path)
    await Client(app).post("/x")
    assert shown.outcomes() == [("GET", "/x", "200", "", 1)]
    assert "health" not in shown.vitals.metrics()


async def test_excluded_urls_are_searched_for(instrumented):
    app = Starlette(routes=[Route("/a/health", plain), Route("/x", plain)])
    shown = instrumented(app, excluded_urls=["health$", "^https://"])
    await Client(app).get("/a/health")
    await Client(app, scheme="https").get("/x")
    await Client(app).get("/x")
    assert shown.outcomes() == [("GET", "/x", "200", "", 1)]


def test_wrong_level_is_refused_where_it_is_written():
    with pytest.raises(ValueError, match=r"priority\('urgent'\): use one of critical, high, medium, low"):
        apivitals.priority("urgent")  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize(
    ("pattern", "method", "route", "expected"),
    [
        ("/payments/*", "GET", "/payments/{id}", True),
        ("/payments/*", "GET", "/payments", False),
        ("POST /payments/*", "GET", "/payments/{id}", False),
        ("POST /payments/*", "POST", "/payments/{id}/refund", True),
        ("*", "GET", "/anything", True),
    ],
)
def test_patterns(pattern, method, route, expected):
    assert fits(pattern, method, route) is expected
