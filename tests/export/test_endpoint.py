"""The metrics page as a scraper meets it."""

import asyncio
import gzip
import threading
import zlib

import anyio
import pytest
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from tests.support.asgi import Client
from tests.support.exposition import samples
from tests.support.vitals import COUNT, IN_FLIGHT, Instrumented

pytestmark = pytest.mark.anyio

OPENMETRICS = {"accept": "application/openmetrics-text;version=1.0.0"}


async def hello(request):
    return PlainTextResponse("hello")


async def test_page_is_not_measured_and_not_a_route(instrumented):
    app = Starlette(routes=[Route("/x", hello)])
    shown = instrumented(app)
    await Client(app).get("/x")
    for _ in range(3):
        response = await Client(app).get("/metrics")
    assert response.status == 200
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert int(response.headers["content-length"]) == len(response.body)
    page = samples(response.text)
    assert page.value(COUNT) == 1
    assert page.value(IN_FLIGHT) == 0
    assert page.value("apivitals_internal_render_duration_seconds_count") == 2
    assert [getattr(route, "path", None) for route in app.routes] == ["/x"]
    assert shown.outcomes() == [("GET", "/x", "200", "", 1)]


async def test_page_is_not_in_openapi():
    fastapi = pytest.importorskip("fastapi", reason="FastAPI is not installed: this is the plain Starlette suite")
    app = fastapi.FastAPI()
    shown = Instrumented(app)
    try:
        assert (await Client(app).get("/metrics")).status == 200
        assert app.openapi()["paths"] == {}
    finally:
        shown.vitals.uninstrument()


async def test_page_is_not_behind_the_users_middleware(instrumented):
    async def deny(request, call_next):
        return PlainTextResponse("who are you?", 401)

    app = Starlette(routes=[Route("/x", hello)])
    app.add_middleware(BaseHTTPMiddleware, dispatch=deny)
    instrumented(app)
    assert (await Client(app).get("/x")).status == 401
    assert (await Client(app).get("/metrics")).status == 200


async def test_page_is_not_behind_a_full_thread_pool(instrumented):
    release = threading.Event()

    def blocking(request):
        release.wait(10)
        return PlainTextResponse("done")

    class SlowToRegister:
        def collect(self):
            return []

    app = Starlette(routes=[Route("/x", blocking)])
    instrumented(app, registries=[SlowToRegister()])
    limiter = anyio.to_thread.current_default_thread_limiter()
    before = limiter.total_tokens
    limiter.total_tokens = 1
    try:
        async with Client(app).open("GET", "/x") as exchange:
            while limiter.borrowed_tokens < 1:  # noqa: ASYNC110  # a limiter has no event
                await asyncio.sleep(0.001)
            with anyio.fail_after(5):
                page = samples((await Client(app).get("/metrics")).text)
            assert page.value(IN_FLIGHT, http_route="/x") == 1
            release.set()
            await exchange.response()
    finally:
        release.set()
        limiter.total_tokens = before


async def test_openmetrics_by_accept(instrumented):
    app = Starlette(routes=[Route("/x", hello)])
    instrumented(app)
    await Client(app).get("/x")
    response = await Client(app).get("/metrics", headers=OPENMETRICS)
    assert response.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert response.text.endswith("# EOF\n")
    assert samples(response.text).value(COUNT) == 1


@pytest.mark.parametrize("headers", [{}, OPENMETRICS])
async def test_gzip_holds_the_same_page(instrumented, headers):
    app = Starlette(routes=[Route(f"/{n}", hello) for n in range(200)])
    instrumented(app)
    for n in range(200):
        await Client(app).get(f"/{n}")
    plain = await Client(app).get("/metrics", headers=headers)
    packed = await Client(app).get("/metrics", headers={**headers, "accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(packed.body) < len(plain.body) / 8
    unpacked = gzip.decompress(packed.body).decode()
    assert not zlib.decompressobj(31).decompress(packed.body)[len(unpacked.encode()) :]

    def requests(text):
        return [line for line in text.splitlines() if line.startswith("http_server")]

    assert requests(unpacked) == requests(plain.text)


async def test_head_has_the_headers_and_nothing_else(instrumented):
    app = Starlette()
    instrumented(app)
    response = await Client(app).request("HEAD", "/metrics")
    assert (response.status, response.body) == (200, b"")
    assert response.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS", "INVENTED"])
async def test_other_methods(instrumented, method):
    app = Starlette()
    instrumented(app)
    response = await Client(app).request(method, "/metrics", body=b"ignored")
    assert (response.status, response.headers["allow"]) == (405, "GET, HEAD")


async def test_other_path_and_no_path(instrumented):
    app = Starlette(routes=[Route("/metrics", hello)])
    instrumented(app, metrics_path="/internal/vitals")
    assert (await Client(app).get("/metrics")).text == "hello"
    assert (await Client(app).get("/internal/vitals")).text.startswith("# HELP")
    other = Starlette()
    shown = instrumented(other, metrics_path=None)
    assert (await Client(other).get("/metrics")).status == 404
    assert "# HELP" in shown.vitals.metrics()


async def test_below_a_root_path_and_in_a_mount(instrumented):
    app = Starlette()
    instrumented(app)
    assert (await Client(app, root_path="/api").get("/api/metrics")).status == 200
    assert (await Client(app, root_path="/api").get("/metrics")).status == 200
    assert (await Client(app).get("/x/metrics")).status == 404
    outer = Starlette(routes=[Mount("/inner", app=app)])
    assert (await Client(outer).get("/inner/metrics")).status == 200


@pytest.mark.parametrize("where", ["setting", "file"])
async def test_bearer_token(instrumented, where, tmp_path):
    path = tmp_path / "token"
    path.write_text("s3cret\n")
    app = Starlette()
    instrumented(app, **({"metrics_token": "s3cret"} if where == "setting" else {"metrics_token_file": path}))
    for headers in (
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Basic s3cret"},
        {"authorization": "s3cret"},
    ):
        response = await Client(app).get("/metrics", headers=headers)
        assert (response.status, response.headers["www-authenticate"]) == (401, 'Bearer realm="metrics"')
        assert b"http_server" not in response.body
    assert (await Client(app).get("/metrics", headers={"authorization": "bearer s3cret"})).status == 200


async def test_token_file_is_read_again_and_the_last_good_one_stays(instrumented, tmp_path):
    path = tmp_path / "token"
    path.write_text("old")
    app = Starlette()
    shown = instrumented(app, metrics_token_file=path)

    async def status(token):
        return (await Client(app).get("/metrics", headers={"authorization": f"Bearer {token}"})).status

    path.write_text("new")
    assert [await status("old"), await status("new")] == [401, 200]
    path.unlink()
    assert await status("new") == 200
    assert shown.page().value("apivitals_internal_errors_total", operation="token_file") == 1


async def test_rendering_gives_way_to_the_event_loop(instrumented):
    """Other tasks run many times while a page of 50,000 lines is made."""
    app = Starlette(routes=[Route(f"/{n}", hello) for n in range(700)])
    instrumented(app)
    for n in range(700):
        await Client(app).get(f"/{n}")
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(count())
    await asyncio.sleep(0)
    turns = 0
    response = await Client(app).get("/metrics")
    task.cancel()
    assert response.text.count("\n") > 40_000
    assert turns > 10
