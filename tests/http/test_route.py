"""The route label is the full template, however the route came to be part of the application."""

import pytest
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router
from starlette.staticfiles import StaticFiles

from tests.support.asgi import Client

pytestmark = pytest.mark.anyio


async def hello(request):
    return PlainTextResponse("hello")


def routes_of(instrumented):
    return [(method, route, status) for method, route, status, _, _ in instrumented.outcomes()]


@pytest.mark.parametrize("path", ["/items/7", "/files/a/b"])
async def test_plain_starlette_route(instrumented, path):
    app = Starlette(routes=[Route("/items/{id:int}", hello), Route("/files/{rest:path}", hello)])
    shown = instrumented(app)
    await Client(app).get(path)
    assert routes_of(shown) == [("GET", "/items/{id}" if "items" in path else "/files/{rest}", "200")]


async def test_mount_with_a_parameter_shows_its_template_not_its_values(instrumented):
    inner = Starlette(routes=[Route("/orders/{id}", hello)])
    app = Starlette(routes=[Mount("/tenants/{tenant}", app=inner)])
    shown = instrumented(app)
    for tenant in ("acme", "umbrella"):
        await Client(app).get(f"/tenants/{tenant}/orders/9")
    assert shown.outcomes() == [("GET", "/tenants/{tenant}/orders/{id}", "200", "", 2)]


async def test_mounts_in_mounts(instrumented):
    innermost = Starlette(routes=[Route("/c/{c}", hello)])
    app = Starlette(routes=[Mount("/a/{a}", routes=[Mount("/b", app=innermost)])])
    shown = instrumented(app)
    await Client(app).get("/a/1/b/c/3")
    assert routes_of(shown) == [("GET", "/a/{a}/b/c/{c}", "200")]


async def test_nothing_matched_inside_a_mount_shows_the_mount(instrumented):
    app = Starlette(routes=[Mount("/api", routes=[Route("/x", hello)])])
    shown = instrumented(app)
    await Client(app).get("/api/nothing")
    assert routes_of(shown) == [("GET", "/api/{path}", "404")]


async def test_static_files(instrumented, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    app = Starlette(routes=[Mount("/static", app=StaticFiles(directory=tmp_path))])
    shown = instrumented(app)
    await Client(app).get("/static/a.txt")
    await Client(app).get("/static/b.txt")
    assert routes_of(shown) == [("GET", "/static/{path}", "200"), ("GET", "/static/{path}", "404")]


async def test_host_routing(instrumented):
    app = Starlette(routes=[Host("testserver", app=Router([Route("/in/{x}", hello)]))])
    shown = instrumented(app)
    await Client(app).get("/in/1")
    assert routes_of(shown) == [("GET", "/in/{x}", "200")]


async def test_root_path_of_the_server_is_no_part_of_the_route(instrumented):
    app = Starlette(routes=[Route("/x", hello), Mount("/m", routes=[Route("/y", hello)])])
    shown = instrumented(app)
    client = Client(app, root_path="/behind/a/proxy")
    for path in ("/x", "/m/y"):
        await client.get(path)  # Starlette before 0.33 takes the path without the root path, later ones with it
        await client.get("/behind/a/proxy" + path)
    assert {route for _, route, status in routes_of(shown) if status == "200"} == {"/x", "/m/y"}
    assert {route for _, route, status in routes_of(shown) if status == "404"} <= {"", "/m/{path}"}


async def test_head_options_405_and_unknown_path(instrumented):
    app = Starlette(routes=[Route("/x/{id}", hello)])
    shown = instrumented(app)
    client = Client(app)
    await client.request("HEAD", "/x/1")
    await client.request("OPTIONS", "/x/1")
    await client.request("DELETE", "/x/1")
    await client.get("/nothing")
    assert routes_of(shown) == [
        ("DELETE", "/x/{id}", "405"),
        ("GET", "", "404"),
        ("HEAD", "/x/{id}", "200"),
        ("OPTIONS", "/x/{id}", "405"),
    ]


async def test_slash_redirect(instrumented):
    app = Starlette(routes=[Route("/x", hello)])
    shown = instrumented(app)
    await Client(app).get("/x/")
    assert routes_of(shown) == [("GET", "", "307")]


async def test_middleware_that_copies_the_scope(instrumented):
    class Copying:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            await self.app(dict(scope), receive, send)

    app = Starlette(routes=[Mount("/m/{m}", routes=[Route("/x/{id}", hello)])])
    app.add_middleware(Copying)
    shown = instrumented(app)
    await Client(app).get("/m/1/x/1")
    assert routes_of(shown) == [("GET", "/m/{m}/x/{id}", "200")]


async def test_answer_of_an_inner_middleware_has_its_status_and_no_route(instrumented):
    async def limit(request, call_next):
        return PlainTextResponse("slow down", 429)

    app = Starlette(routes=[Route("/x", hello)])
    app.add_middleware(BaseHTTPMiddleware, dispatch=limit)
    shown = instrumented(app)
    response = await Client(app).get("/x")
    assert response.status == 429
    assert routes_of(shown) == [("GET", "", "429")]


async def test_basehttpmiddleware_in_the_stack_keeps_route_and_status(instrumented):
    async def passing(request, call_next):
        return await call_next(request)

    app = Starlette(routes=[Route("/x/{id}", hello)])
    app.add_middleware(BaseHTTPMiddleware, dispatch=passing)
    shown = instrumented(app)
    await Client(app).get("/x/1")
    assert routes_of(shown) == [("GET", "/x/{id}", "200")]
