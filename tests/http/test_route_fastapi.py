"""FastAPI's own ways to build a route: each shows the full template."""

from typing import Any

import pytest

from tests.support.asgi import Client

fastapi: Any = pytest.importorskip("fastapi", reason="FastAPI is not installed: this is the plain Starlette suite")
pytestmark = pytest.mark.anyio


def router_with_x():
    router = fastapi.APIRouter(prefix="/r")

    @router.get("/x/{y}")
    async def x(y):
        return y

    return router


def routes_of(shown):
    return [(route, status) for _, route, status, _, _ in shown.outcomes()]


@pytest.mark.parametrize("asynchronous", [True, False])
async def test_endpoint_both_ways(instrumented, asynchronous):
    app = fastapi.FastAPI()
    if asynchronous:

        async def item(item: int):
            return item

    else:

        def item(item: int):  # type: ignore[misc]  # the other of two
            return item

    app.get("/items/{item}")(item)
    shown = instrumented(app)
    await Client(app).get("/items/1")
    await Client(app).get("/items/x")
    assert routes_of(shown) == [("/items/{item}", "200"), ("/items/{item}", "422")]


async def test_included_router(instrumented):
    app = fastapi.FastAPI()
    app.include_router(router_with_x(), prefix="/v1")
    shown = instrumented(app)
    await Client(app).get("/v1/r/x/2")
    assert routes_of(shown) == [("/v1/r/x/{y}", "200")]


async def test_one_router_included_twice(instrumented):
    app = fastapi.FastAPI()
    router = router_with_x()
    app.include_router(router, prefix="/v1")
    app.include_router(router, prefix="/v2")
    shown = instrumented(app)
    await Client(app).get("/v1/r/x/2")
    await Client(app).get("/v2/r/x/2")
    assert routes_of(shown) == [("/v1/r/x/{y}", "200"), ("/v2/r/x/{y}", "200")]


async def test_routers_in_routers(instrumented):
    app = fastapi.FastAPI()
    middle = fastapi.APIRouter(prefix="/m/{m}")
    middle.include_router(router_with_x(), prefix="/n")
    app.include_router(middle, prefix="/v1")
    shown = instrumented(app)
    await Client(app).get("/v1/m/1/n/r/x/2")
    assert routes_of(shown) == [("/v1/m/{m}/n/r/x/{y}", "200")]


async def test_included_router_in_a_mounted_application(instrumented):
    inner = fastapi.FastAPI()
    inner.include_router(router_with_x(), prefix="/v1")
    app = fastapi.FastAPI()
    app.mount("/tenants/{tenant}", inner)
    shown = instrumented(app)
    await Client(app).get("/tenants/acme/v1/r/x/2")
    assert routes_of(shown) == [("/tenants/{tenant}/v1/r/x/{y}", "200")]


@pytest.mark.filterwarnings("ignore:The `root_path` parameter")
async def test_root_path_of_the_constructor(instrumented):
    app = fastapi.FastAPI(root_path="/behind")
    app.include_router(router_with_x())
    shown = instrumented(app)
    await Client(app).get("/r/x/2")
    assert routes_of(shown) == [("/r/x/{y}", "200")]


async def test_documentation_pages(instrumented):
    app = fastapi.FastAPI()
    shown = instrumented(app)
    await Client(app).get("/docs")
    await Client(app).get("/openapi.json")
    assert routes_of(shown) == [("/docs", "200"), ("/openapi.json", "200")]


async def test_405_and_head_in_an_included_router(instrumented):
    app = fastapi.FastAPI()
    app.include_router(router_with_x(), prefix="/v1")
    shown = instrumented(app)
    await Client(app).request("DELETE", "/v1/r/x/2")
    assert routes_of(shown) == [("/v1/r/x/{y}", "405")]


async def test_instrumented_application_in_an_instrumented_one_counts_once(instrumented):
    inner = fastapi.FastAPI()
    inner.include_router(router_with_x())
    outer = fastapi.FastAPI()
    outer.mount("/inner", inner)
    inner_shown = instrumented(inner)
    outer_shown = instrumented(outer)
    await Client(outer).get("/inner/r/x/2")
    assert routes_of(outer_shown) == [("/inner/r/x/{y}", "200")]
    assert inner_shown.outcomes() == []
    await Client(inner).get("/r/x/2")
    assert routes_of(inner_shown) == [("/r/x/{y}", "200")]
