"""Libraries are switched on as an application wants them, and given back; what the user has instrumented is theirs."""

import asyncio
import importlib
import json
import logging
import subprocess
import sys
import textwrap
import threading
import types
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from apivitals.errors import ErrorLog
from apivitals.tracing.libraries import Libraries
from apivitals.tracing.pairs import PAIRS, Pair
from tests.support.servers import ROOT
from tests.support.tracing import in_request, tracing_of_a_test

SUBPROCESS_SECONDS = 60
MODULE_PAIRS = "apivitals.tracing.libraries.PAIRS"


class Answers(BaseHTTPRequestHandler):
    """A peer that answers, and logs nothing."""

    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def url():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def tracing():
    with tracing_of_a_test() as one:
        yield one


@pytest.fixture
def wanted(tracing, caplog):
    """Switch libraries on, for one more application, and off at the end of the test; nothing may be logged."""
    made: list[Libraries] = []

    def switch_on(choice: Any, errors: ErrorLog = tracing.recorded.errors) -> Libraries:
        made.append(Libraries(choice, tracing.stand_in, errors))
        made[-1].switch_on()
        return made[-1]

    yield switch_on
    for one in made:
        one.switch_off()
    unexpected = [record for record in caplog.records if record.name != "apivitals"]
    assert unexpected == []


def needs(library: str, module: str) -> Any:
    """Return the library, or skip without it or its instrumentation."""
    pytest.importorskip(f"opentelemetry.instrumentation.{module}", exc_type=ImportError)
    return pytest.importorskip(library)


@pytest.fixture
def httpx():
    return needs("httpx", "httpx")


@pytest.fixture
def instrumentor(httpx):
    """The user's way to instrument httpx, which is off again at the end of the test."""
    made = importlib.import_module("opentelemetry.instrumentation.httpx").HTTPXClientInstrumentor()
    yield made
    if made.is_instrumented_by_opentelemetry:
        made.uninstrument()


def exporting() -> tuple[TracerProvider, InMemorySpanExporter]:
    """Return a provider of the user's own, and where its spans go."""
    provider, exporter = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider, exporter


def call_httpx(url):
    httpx = needs("httpx", "httpx")
    with httpx.Client(trust_env=False) as client:
        client.get(url)


def call_httpx_asynchronously(url):
    httpx = needs("httpx", "httpx")

    async def call():
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(url)

    asyncio.run(call())


def call_httpx2(url):
    httpx2 = needs("httpx2", "httpx")
    with httpx2.Client(trust_env=False) as client:
        client.get(url)


def call_requests(url):
    requests = needs("requests", "requests")
    with requests.Session() as session:
        session.trust_env = False
        session.get(url, timeout=10)


def call_aiohttp(url):
    aiohttp = needs("aiohttp", "aiohttp_client")

    async def call():
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            await response.read()

    asyncio.run(call())


def call_sqlite3(_):
    sqlite3 = needs("sqlite3", "sqlite3")
    with closing(sqlite3.connect(":memory:")) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("SELECT 1")


CALLS = [
    pytest.param("httpx", call_httpx, "external", id="httpx"),
    pytest.param("httpx", call_httpx_asynchronously, "external", id="httpx-async"),
    pytest.param("httpx2", call_httpx2, "external", id="httpx2"),
    pytest.param("requests", call_requests, "external", id="requests"),
    pytest.param("aiohttp", call_aiohttp, "external", id="aiohttp"),
    pytest.param("sqlite3", call_sqlite3, "database", id="sqlite3"),
]


def seen(call, url=None) -> dict[str, int]:
    """Make a call in a request; return how many calls of each component were seen."""
    with in_request() as request:
        call(url)
    return request.calls


def in_process(body: str) -> Any:
    """Run code in a Python of its own, which has imported nothing yet and may not log; return what `show` was given."""
    prelude = """
        import json, logging, sys, warnings
        logging.basicConfig(level="WARNING", format="logged: %(message)s")
        from apivitals.errors import ErrorLog
        from apivitals.tracing.libraries import Libraries
        from apivitals.tracing.stand_in import STAND_IN
        from tests.support.tracing import in_request
        errors = ErrorLog()
        def show(value):
            print(json.dumps(value))
        """
    code = textwrap.dedent(prelude) + textwrap.dedent(body) + "\nassert not sum(errors.counts().values())\n"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SUBPROCESS_SECONDS, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


# On and off


@pytest.mark.parametrize(("library", "call", "component"), CALLS)
def test_a_librarys_calls_are_seen_until_it_is_switched_off(wanted, url, library, call, component):
    call(url)  # it is imported, or the test is skipped
    assert seen(call, url) == {}
    libraries = wanted([library])
    assert seen(call, url) == {component: 1}
    libraries.switch_off()
    assert seen(call, url) == {}


def test_several_libraries_are_switched_on_at_once(wanted, url):
    call_httpx(url)
    call_requests(url)
    wanted(["httpx", "requests"])
    assert seen(call_httpx, url) == seen(call_requests, url) == {"external": 1}


def test_one_library_can_be_named_alone(wanted, url):
    call_httpx(url)
    wanted("httpx")
    assert seen(call_httpx, url) == {"external": 1}


@pytest.mark.parametrize("name", ["with-dash", "with_dash", "With_Dash"])
def test_a_name_may_have_capitals_and_underscores(tracing, monkeypatch, name):
    monkeypatch.setattr(MODULE_PAIRS, (Pair("with-dash", "json", ("instrumentor:BaseInstrumentor",)),))
    Libraries(name, tracing.stand_in, ErrorLog())


def test_the_methods_are_the_librarys_own_again(wanted, httpx):
    owners = [(httpx.HTTPTransport, "handle_request"), (httpx.AsyncHTTPTransport, "handle_async_request")]
    own = [vars(owner)[name] for owner, name in owners]
    libraries = wanted(["httpx"])
    assert not any(vars(owner)[name] is one for (owner, name), one in zip(owners, own, strict=True))
    libraries.switch_off()
    assert all(vars(owner)[name] is one for (owner, name), one in zip(owners, own, strict=True))


def test_it_can_be_switched_on_again(wanted, httpx, url):
    libraries = wanted(["httpx"])
    for _ in range(2):
        libraries.switch_off()
        assert seen(call_httpx, url) == {}
        libraries.switch_on()
        assert seen(call_httpx, url) == {"external": 1}


def test_on_and_off_count_once_for_one_application(wanted, httpx, url):
    libraries = wanted(["httpx", "httpx"])
    libraries.switch_on()
    libraries.switch_off()
    assert seen(call_httpx, url) == {}
    other = wanted(["httpx"])
    libraries.switch_off()
    assert seen(call_httpx, url) == {"external": 1}
    other.switch_off()
    assert seen(call_httpx, url) == {}


@pytest.mark.parametrize("first_to_end", [0, 1])
def test_a_library_is_on_until_the_last_application_that_wants_it_ends(wanted, httpx, url, first_to_end):
    both = [wanted(["httpx"]), wanted(["httpx"])]
    assert seen(call_httpx, url) == {"external": 1}
    both.pop(first_to_end).switch_off()
    assert seen(call_httpx, url) == {"external": 1}
    both.pop().switch_off()
    assert seen(call_httpx, url) == {}


def test_no_library_is_switched_on_for_who_wants_none(wanted, httpx, url):
    wanted(None)
    wanted([])
    assert seen(call_httpx, url) == {}


# Which


def test_auto_is_what_is_installed_and_nothing_is_imported_for_it():
    pytest.importorskip("opentelemetry.instrumentation.httpx")
    pytest.importorskip("httpx")
    before, early, on, off = in_process("""
        libraries = Libraries("auto", STAND_IN, errors)
        before = set(sys.modules)
        libraries.switch_on()
        early = sorted(name for name in set(sys.modules) - before if "." not in name)

        import httpx
        from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
        on = HTTPXClientInstrumentor().is_instrumented_by_opentelemetry
        libraries.switch_off()
        off = HTTPXClientInstrumentor().is_instrumented_by_opentelemetry
        show(["httpx" in before, early, on, off])
        """)
    assert (before, on, off) == (False, True, False)
    installed = {pair.library for pair in PAIRS if pair.is_installed()}
    assert not installed & set(early)


def test_a_library_that_is_imported_later_is_seen_then(httpx, url):
    counts = in_process(f"""
        libraries = Libraries(["httpx"], STAND_IN, errors)
        libraries.switch_on()

        from httpx import Client
        def calls():
            with in_request() as request, Client(trust_env=False) as client:
                client.get({url!r})
            return request.calls.get("external", 0)

        on = calls()
        libraries.switch_off()
        show([on, calls()])
        """)
    assert counts == [1, 0]


def test_a_library_that_is_imported_after_the_end_is_left_alone(httpx, url):
    assert in_process(f"""
        libraries = Libraries(["httpx"], STAND_IN, errors)
        libraries.switch_on()
        libraries.switch_off()
        import httpx
        with in_request() as request, httpx.Client(trust_env=False) as client:
            client.get({url!r})
        show([request.calls, hasattr(httpx.HTTPTransport.handle_request, "__wrapped__")])
        """) == [{}, False]


def test_all_that_is_installed_can_be_imported_and_given_back_without_a_word():
    pytest.importorskip("opentelemetry.instrumentation.httpx")
    names = {"httpx", "requests", "redis", "sqlalchemy", "sqlite3", "asyncpg", "psycopg", "grpc"}
    installed = sorted(names & {pair.name for pair in PAIRS if pair.is_installed()})
    on, left = in_process(f"""
        import importlib
        from apivitals.tracing.instrumentors import INSTRUMENTORS
        libraries = Libraries(["auto", "sqlite3"], STAND_IN, errors)
        libraries.switch_on()
        for name in {installed}:
            importlib.import_module(name)
        on = sorted({{pair.name for pair in INSTRUMENTORS._on}})
        libraries.switch_off()
        show([on, len(INSTRUMENTORS._on)])
        """)
    # One imports another: requests imports urllib3, which is not asked for
    assert set(installed) <= set(on)
    assert left == 0


def test_a_name_that_is_like_no_other_is_an_error_that_lists_them(tracing):
    with pytest.raises(ValueError, match=r"there is no library 'qqqq': aio-pika, .*auto, .*urllib3"):
        Libraries(["qqqq"], tracing.stand_in, ErrorLog())


def test_a_library_without_its_instrumentation_is_an_error_with_the_remedy(tracing, monkeypatch):
    pair = Pair("half", "json", ("no_such_module:Instrumentor",))
    monkeypatch.setattr(MODULE_PAIRS, (*PAIRS, pair))
    with pytest.raises(
        ValueError, match=r"half or its OpenTelemetry .* not installed: pip install 'apivitals\[half\]'"
    ):
        Libraries(["half"], tracing.stand_in, ErrorLog())


def test_auto_leaves_out_what_is_not_installed_and_what_would_be_details(tracing, monkeypatch):
    half = Pair("half", "json", ("no_such_module:Instrumentor",))
    monkeypatch.setattr(MODULE_PAIRS, (half,))
    Libraries("auto", tracing.stand_in, ErrorLog())
    assert {pair.name for pair in PAIRS if not pair.by_default} == {"sqlite3", "urllib3"}


def test_an_error_in_a_choice_switches_nothing_on(tracing, httpx, url):
    with pytest.raises(ValueError, match="qqqq"):
        Libraries(["httpx", "qqqq"], tracing.stand_in, ErrorLog())
    assert seen(call_httpx, url) == {}


def test_the_first_instrumentation_that_is_installed_is_used():
    pytest.importorskip("opentelemetry.instrumentation.httpx")
    pair = Pair("one", "json", ("no_such_module:A", "httpx:B", "httpx:C"))
    assert pair.instrumentors == (
        ("opentelemetry.instrumentation.httpx", "B"),
        ("opentelemetry.instrumentation.httpx", "C"),
    )
    assert pair.is_installed()


@pytest.mark.parametrize("library", ["no_such_package", "no_such_package.part"])
def test_a_library_that_is_not_there_is_not_installed(library):
    assert not Pair("one", library, ("instrumentor:BaseInstrumentor",)).is_installed()


def test_a_module_that_was_put_there_by_hand_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "put_by_hand", types.ModuleType("put_by_hand"))
    assert not Pair("one", "put_by_hand", ("instrumentor:BaseInstrumentor",)).is_installed()


# The user's own


def test_what_the_user_has_instrumented_stays_theirs(wanted, instrumentor, url):
    provider, exporter = exporting()
    instrumentor.instrument(tracer_provider=provider)
    libraries = wanted(["httpx"])
    call_httpx(url)
    libraries.switch_off()
    call_httpx(url)
    assert instrumentor.is_instrumented_by_opentelemetry
    assert [span.name for span in exporter.get_finished_spans()] == ["GET", "GET"]


def test_a_call_that_the_user_has_instrumented_is_seen_once(tracing, wanted, instrumentor, url):
    provider = tracing.provide()
    instrumentor.instrument(tracer_provider=provider)
    libraries = wanted(["httpx"])
    assert seen(call_httpx, url) == {"external": 1}
    libraries.switch_off()
    assert instrumentor.is_instrumented_by_opentelemetry


def test_what_the_user_instruments_later_becomes_theirs_with_their_hooks(wanted, instrumentor, url, caplog):
    libraries = wanted(["httpx"])
    provider, exporter = exporting()
    hooked: list[Any] = []
    instrumentor.instrument(tracer_provider=provider, request_hook=lambda span, _: hooked.append(span.name))
    call_httpx(url)
    libraries.switch_off()
    assert instrumentor.is_instrumented_by_opentelemetry
    call_httpx(url)
    assert [span.name for span in exporter.get_finished_spans()] == hooked == ["GET", "GET"]
    assert caplog.records == []


def test_what_the_user_has_taken_over_is_not_taken_back_by_another_application(wanted, instrumentor, url):
    wanted(["httpx"])
    provider, exporter = exporting()
    instrumentor.instrument(tracer_provider=provider)
    wanted(["httpx"]).switch_off()
    call_httpx(url)
    assert len(exporter.get_finished_spans()) == 1


def test_what_the_user_switches_off_is_off_and_costs_no_warning_later(wanted, instrumentor, url):
    libraries = wanted(["httpx"])
    instrumentor.uninstrument()
    assert seen(call_httpx, url) == {}
    libraries.switch_off()


def test_the_user_can_instrument_after_the_end_too(wanted, instrumentor, url):
    wanted(["httpx"]).switch_off()
    provider, exporter = exporting()
    instrumentor.instrument(tracer_provider=provider)
    call_httpx(url)
    assert len(exporter.get_finished_spans()) == 1


# What goes wrong


@contextmanager
def failing(instrumentor: Any, method: str) -> Iterator[None]:
    """Let a method of an instrumentor raise."""
    with pytest.MonkeyPatch.context() as patch:

        def fail(*_: Any, **__: Any) -> Any:
            raise LookupError("theirs")

        patch.setattr(type(instrumentor), method, fail)
        yield


def test_an_instrumentor_that_fails_costs_only_itself(wanted, instrumentor, url):
    failures = ErrorLog()
    call_requests(url)
    with failing(instrumentor, "_instrument"):
        libraries = wanted(["httpx", "requests"], failures)
    assert failures.counts()["tracing"] == sum(failures.counts().values()) > 0
    assert seen(call_httpx, url) == {}
    assert seen(call_requests, url) == {"external": 1}
    before = failures.counts()
    libraries.switch_off()
    assert failures.counts() == before


def test_an_instrumentor_that_cannot_be_taken_off_costs_only_itself(wanted, instrumentor, url):
    failures = ErrorLog()
    call_requests(url)
    libraries = wanted(["httpx", "requests"], failures)
    with failing(instrumentor, "_uninstrument"):
        libraries.switch_off()
    assert failures.counts()["tracing"] == 1
    assert seen(call_requests, url) == {}
    instrumentor.uninstrument()


def test_a_version_that_an_instrumentation_does_not_go_with_is_said_and_is_no_error(wanted, instrumentor, url, caplog):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(instrumentor), "instrumentation_dependencies", lambda _: ["httpx < 0.1"])
        wanted(["httpx"])
    said = {(record.name, record.levelno, record.getMessage()) for record in caplog.records}
    ((name, level, message),) = said
    assert (name, level) == ("apivitals", logging.WARNING)
    assert message.startswith("calls of httpx are not seen: ")
    assert "httpx < 0.1" in message
    assert seen(call_httpx, url) == {}


def test_what_fails_is_counted_once(wanted, instrumentor):
    failures = ErrorLog()
    with failing(instrumentor, "_instrument"):
        wanted(["httpx"], failures)
    assert failures.counts()["tracing"] == 1


def test_a_version_that_does_not_go_is_said_once(wanted, instrumentor, caplog):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(instrumentor), "instrumentation_dependencies", lambda _: ["httpx < 0.1"])
        wanted(["httpx"])
    assert len(caplog.records) == 1


@pytest.mark.xfail(reason="ours is taken off for an instrumentor that then refuses: Instrumentors._giving_way")
def test_a_user_whose_version_does_not_go_takes_nothing_away(wanted, instrumentor, url, caplog):
    wanted(["httpx"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(instrumentor), "instrumentation_dependencies", lambda _: ["httpx < 0.1"])
        instrumentor.instrument()
    caplog.clear()  # it is said by OpenTelemetry
    assert seen(call_httpx, url) == {"external": 1}
