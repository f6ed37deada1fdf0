"""`instrument()` and `uninstrument()`: at any time, once, and back as it was."""

import contextlib
import gc
import inspect
import weakref

import pytest
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import apivitals
from apivitals.http.route import hooked_classes
from tests.support.asgi import Client
from tests.support.lifespan import LifespanFailedError
from tests.support.vitals import COUNT, Instrumented

pytestmark = pytest.mark.anyio


async def hello(request):
    return PlainTextResponse("hello")


def application(**options):
    return Starlette(routes=[Route("/x", hello)], **options)


async def test_twice_is_once(instrumented, caplog):
    app = application()
    first, second = instrumented(app), apivitals.instrument(app, metrics_path="/other")
    assert first.vitals is second
    assert "what it was given this time is not used" in caplog.text
    await Client(app).get("/x")
    assert first.page().value(COUNT) == 1


async def test_before_routes_and_middleware(instrumented):
    seen = []

    async def note(request, call_next):
        seen.append(request.url.path)
        return await call_next(request)

    app = Starlette()
    shown = instrumented(app)
    app.router.routes.append(Route("/later", hello))
    app.add_middleware(BaseHTTPMiddleware, dispatch=note)
    await Client(app).get("/later")
    assert seen == ["/later"]
    assert shown.only_outcome() == ("/later", "200", "")


async def test_inside_a_lifespan(instrumented):
    shown = []

    @contextlib.asynccontextmanager
    async def lifespan(app):
        shown.append(instrumented(app))
        yield

    app = application(lifespan=lifespan)
    async with Client(app).lifespan():
        await Client(app).get("/x")
    assert shown[0].only_outcome() == ("/x", "200", "")


async def test_on_an_application_that_has_served_already(instrumented):
    app = application()
    await Client(app).get("/x")
    shown = instrumented(app)
    await Client(app).get("/x")
    assert shown.only_outcome() == ("/x", "200", "")


async def test_two_applications_keep_their_own(instrumented):
    one, two = application(), application()
    shown_one, shown_two = instrumented(one), instrumented(two)
    await Client(one).get("/x")
    assert (shown_one.page().value(COUNT), shown_two.page().value(COUNT)) == (1, 0)


async def test_lifespan_that_fails_fails_as_without_us(instrumented):
    @contextlib.asynccontextmanager
    async def lifespan(app):
        raise RuntimeError("no database")
        yield

    app = application(lifespan=lifespan)
    instrumented(app)
    with pytest.raises(LifespanFailedError, match="no database"):
        async with Client(app).lifespan():
            pass


async def test_lifespan_state_reaches_the_requests(instrumented):
    @contextlib.asynccontextmanager
    async def lifespan(app):
        yield {"answer": 42}

    async def tell(request):
        return PlainTextResponse(str(request.state.answer))

    app = Starlette(routes=[Route("/x", tell)], lifespan=lifespan)
    instrumented(app)
    client = Client(app)
    async with client.lifespan():
        assert (await client.get("/x")).text == "42"


async def test_application_wrapped_in_another(instrumented):
    inner = application()
    shown = instrumented(inner)
    app = CORSMiddleware(inner, allow_origins=["*"])
    await Client(app).get("/x")
    assert shown.only_outcome() == ("/x", "200", "")


async def test_the_wrapper_itself_measures_what_it_answers(instrumented):
    app = CORSMiddleware(application(), allow_origins=["*"])
    other = CORSMiddleware(application(), allow_origins=["*"])
    shown = instrumented(app)
    preflight = {"origin": "http://a", "access-control-request-method": "GET"}
    assert (await Client(app).request("OPTIONS", "/x", headers=preflight)).status == 200
    await Client(other).get("/x")
    assert shown.outcomes() == [("OPTIONS", "", "200", "", 1)]


async def test_subclass_with_a_call_of_its_own(instrumented):
    class Own(Starlette):
        async def __call__(self, scope, receive, send):
            scope["own"] = True
            await super().__call__(scope, receive, send)

    plain = application()
    instrumented(plain)
    app = Own(routes=[Route("/x", hello)])
    shown = instrumented(app)
    await Client(app).get("/x")
    assert shown.only_outcome() == ("/x", "200", "")


async def test_uninstrument_gives_everything_back(instrumented):
    classes = [Starlette, *hooked_classes()]
    before = [dict(vars(cls)) for cls in classes]
    app = application()
    attributes = dict(vars(app))
    shown = Instrumented(app)
    await Client(app).get("/x")
    shown.vitals.uninstrument()
    shown.vitals.uninstrument()
    assert [dict(vars(cls)) for cls in classes] == before
    assert {key: value for key, value in vars(app).items() if key != "middleware_stack"} == {
        key: value for key, value in attributes.items() if key != "middleware_stack"
    }
    assert (await Client(app).get("/x")).text == "hello"
    assert (await Client(app).get("/metrics")).status == 404
    again = instrumented(app)
    assert again.vitals is not shown.vitals
    await Client(app).get("/x")
    assert again.page().value(COUNT) == 1


async def test_uninstrument_leaves_the_other_application_measured(instrumented):
    one, two = application(), application()
    shown_one, shown_two = instrumented(one), instrumented(two)
    shown_one.vitals.uninstrument()
    await Client(two).get("/x")
    assert shown_two.only_outcome() == ("/x", "200", "")


async def test_somebody_wraps_after_us(instrumented):
    """What another instrumentation has put around ours is not torn out; it works with and without us."""
    app = application()
    shown = Instrumented(app)
    ours = Starlette.__call__
    calls = []

    async def theirs(self, scope, receive, send):
        calls.append(scope["path"])
        await ours(self, scope, receive, send)

    Starlette.__call__ = theirs  # type: ignore[method-assign]  # as another instrumentation does
    try:
        shown.vitals.uninstrument()
        assert (await Client(app).get("/x")).text == "hello"
        again = instrumented(app)
        await Client(app).get("/x")
        assert again.only_outcome() == ("/x", "200", "")
        assert calls == ["/x", "/x"]
    finally:
        Starlette.__call__ = ours  # type: ignore[method-assign]  # as above


async def test_disabled_changes_nothing(instrumented):
    call = Starlette.__call__
    app = application()
    vitals = instrumented(app, enabled=False).vitals
    assert Starlette.__call__ is call
    assert (await Client(app).get("/metrics")).status == 404
    assert (vitals.metrics(), vitals.metrics_port) == ("", None)


async def test_scope_can_be_used_for_a_second_request(instrumented):
    app = application()
    shown = instrumented(app)
    scope = {"path": "/x"}
    for _ in range(2):
        await Client(app).get("/x", scope=scope)
    assert shown.page().value(COUNT) == 2


def test_servers_still_see_an_asgi_3_application(instrumented):
    app = application()
    instrumented(app)
    assert inspect.iscoroutinefunction(app.__call__)


@pytest.mark.parametrize("thing", [lambda *_: None, None, 3, "app"])
def test_what_is_no_application_is_refused(thing):
    with pytest.raises(TypeError, match="instrument\\(\\) takes a FastAPI or Starlette application"):
        apivitals.instrument(thing)


def test_wrong_setting_changes_nothing():
    app = application()
    call = Starlette.__call__
    with pytest.raises(apivitals.SettingsError):
        apivitals.instrument(app, metrics_prt=1)  # type: ignore[call-arg]  # what is tested
    assert Starlette.__call__ is call
    assert not [name for name in vars(app) if "apivitals" in name]


def test_application_that_is_dropped_is_collected():
    app = application()
    vitals = apivitals.instrument(app, opentelemetry_metrics=False)
    gone = weakref.ref(app)
    vitals.uninstrument()
    del app, vitals
    gc.collect()
    assert gone() is None


async def test_route_of_a_kind_that_we_do_not_know_is_served(caplog):
    class Strange(Route):
        path_format = property(lambda _: 1 / 0, lambda *_: None)

    app = Starlette(routes=[Strange("/x", hello)])
    shown = Instrumented(app)
    try:
        assert (await Client(app).get("/x")).text == "hello"
        assert shown.only_outcome() == ("", "200", "")
        assert shown.page().value("apivitals_internal_errors_total", operation="route") == 1
        assert "ZeroDivisionError" in caplog.text
    finally:
        shown.vitals.uninstrument()


async def test_errors_of_ours_do_not_reach_the_request(monkeypatch, caplog):
    app = Starlette(routes=[Mount("/m", routes=[Route("/x", hello)])])
    shown = Instrumented(app)
    try:
        monkeypatch.setattr(shown.vitals._http, "_bind", None)  # noqa: SLF001  # a defect of ours, as good as any
        assert (await Client(app).get("/m/x")).text == "hello"
        assert shown.page().value("apivitals_internal_errors_total", operation="record") == 1
        assert "the service is not affected" in caplog.text
    finally:
        shown.vitals.uninstrument()
