"""Labels of the user's own: fixed, from a callable, from headers named one by one."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.support.asgi import Client
from tests.support.vitals import COUNT, ERRORS, IN_FLIGHT, Instrumented

pytestmark = pytest.mark.anyio


async def hello(request):
    return PlainTextResponse("hello", headers={"x-cache": "hit"})


def application():
    return Starlette(routes=[Route("/x", hello)])


async def test_fixed_labels_are_on_every_metric_of_requests(instrumented):
    app = application()
    shown = instrumented(app, labels={"region": 'eu "1"\\', "deployment.zone": "a"})
    await Client(app).get("/x")
    page = shown.page()
    for name in (COUNT, IN_FLIGHT):
        assert page.has(name, region='eu "1"\\', deployment_zone="a")


async def test_labels_from_a_callable(instrumented):
    app = application()
    shown = instrumented(
        app, request_labels=lambda scope: {"tenant": scope["query_string"].decode()}, request_label_names=["tenant"]
    )
    await Client(app).get("/x?acme")
    await Client(app).get("/x?umbrella")
    assert shown.page().label_values(COUNT, "tenant") == {"acme", "umbrella"}


async def test_headers_become_labels_only_by_name(instrumented):
    app = application()
    shown = instrumented(app, request_headers=["X-Tenant"], response_headers=["X-Cache"])
    await Client(app).get("/x", headers={"x-tenant": "acme", "x-secret": "s3cret"})
    await Client(app).get("/x")
    assert shown.page().label_values(COUNT, "http_request_header_x_tenant") == {"acme", ""}
    assert shown.page().label_values(COUNT, "http_response_header_x_cache") == {"hit"}
    assert "s3cret" not in shown.vitals.metrics()


async def test_values_past_the_limit_are_other_and_leave_room_for_routes(instrumented):
    app = application()
    shown = instrumented(app, request_headers=["x-id"], label_value_limit=5)
    for n in range(50):
        await Client(app).get("/x", headers={"x-id": str(n)})
    page = shown.page()
    assert len(page.label_values(COUNT, "http_request_header_x_id")) == 6
    assert page.value(COUNT, http_request_header_x_id="_OTHER") == 45


async def test_long_value_is_cut(instrumented):
    app = application()
    shown = instrumented(app, request_headers=["x-id"])
    await Client(app).get("/x", headers={"x-id": "a" * 100_000})
    assert shown.page().label_values(COUNT, "http_request_header_x_id") == {"a" * 128}


def raising(scope):
    raise LookupError("no tenant")


@pytest.mark.parametrize(
    ("function", "problem"),
    [(raising, "no tenant"), (lambda _: {"tenant": "a", "user": "b"}, "'user'"), (lambda _: None, "NoneType")],
)
async def test_callable_that_misbehaves_costs_nothing_but_its_labels(function, problem, caplog):
    app = application()
    shown = Instrumented(app, request_labels=function, request_label_names=["tenant"])
    try:
        for _ in range(3):
            response = await Client(app).get("/x")
            assert response.status == 200
        page = shown.page()
        assert page.value(COUNT) == 3
        assert page.value(ERRORS, operation="request_labels") == 3
        assert len(caplog.records) == 1, "logged once"
        assert problem in caplog.text
    finally:
        shown.vitals.uninstrument()
