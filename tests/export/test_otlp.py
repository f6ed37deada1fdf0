"""Metrics pushed to a real receiver, over both protocols: what is scraped, when it should be, whatever it answers.

Traces are off here: the provider that they need can be set only once in a process. See `test_otlp_traces`.
"""

import logging
import os
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import contextmanager

import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricsData
from opentelemetry.sdk.resources import Resource
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from apivitals.catalog import Kind, Metric
from apivitals.catalog.http import REQUEST_DURATION
from apivitals.errors import ErrorLog
from apivitals.export import otlp
from apivitals.export.prometheus import Format, render
from apivitals.families import Distribution, Exemplar, Family, Number
from apivitals.store import Store
from tests.support.asgi import Client
from tests.support.exposition import samples
from tests.support.otlp_receiver import PROTOCOLS, receiver
from tests.support.otlp_samples import pushed, scraped
from tests.support.servers import closed_port, eventually
from tests.support.vitals import COUNT

RESOURCE = Resource({"service.name": "shop", "service.instance.id": "1"})
EXEMPLAR = Exemplar("0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7", 0.3, 1_700_000_030.5)
TURNS = Metric("test.turns", Kind.COUNTER, "{turn}", "Turns.")


def point_at(endpoint, protocol, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")


@pytest.fixture(params=PROTOCOLS)
def protocol(request):
    return request.param


@pytest.fixture
def collector(protocol, monkeypatch):
    with receiver(protocol) as made:
        point_at(made.endpoint, protocol, monkeypatch)
        yield made


def make(collect, errors=None, environ=os.environ):
    made = otlp.from_environment(environ, RESOURCE, collect, errors or ErrorLog())
    assert made is not None
    return made


@contextmanager
def pushing(collect, errors=None, own_provider=None):
    made = make(collect, errors)
    made.start(own_provider)
    try:
        yield made
    finally:
        made.stop(timeout=30)


def turns(count=1.0):
    return [Family(TURNS, (), [Number((), count)])]


def service():
    async def hello(request):
        return PlainTextResponse("hello")

    return Starlette(routes=[Route("/hello", hello), Route("/other", hello)])


@pytest.fixture
def shown(instrumented):
    """A service that does not push by itself: it is instrumented before a variable is set, so it goes first."""
    return instrumented(service())


@pytest.fixture
def whole(instrumented):
    """The same with its machine's metrics, and few series."""
    return instrumented(service(), disabled_sources=["gpu"], sample_interval_seconds=0.2, series_limit=2)


def families_of(shown):
    """Take the families that the page is made of, once: a second reading would be of another moment."""
    return [
        Family(family.metric, family.label_names, list(family.points), family.bounds)
        for family in shown.vitals._exposition.page.families()  # noqa: SLF001  # the page's text has lost what OTLP needs
    ]


def page_of(families):
    return scraped(samples("".join(text for family in families for text in render(family, Format.TEXT))))


def without(name, values):
    return {key: value for key, value in values.items() if key[0] != name}


def threads():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("apivitals-otlp")]


def warnings(caplog):
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.anyio
async def test_everything_that_is_scraped_is_pushed(whole, collector):
    """Every family of a running service, its machine's too: same names, labels, bounds, counts, sums and values."""
    async with Client(whole.app).lifespan():
        for path in ("/hello", "/hello", "/other", "/missing"):
            await Client(whole.app).get(path)
        eventually(lambda: whole.page().has("system_cpu_utilization"), "two samples were taken")
        families = families_of(whole)
    with pushing(lambda: families):
        pass
    sent, page = pushed(collector.metrics()), page_of(families)
    assert len(page) > 200
    assert sum(value for (name, _), value in sent.items() if name == COUNT) == 4
    assert ("http_server_request_duration_seconds_count", frozenset({("otel_metric_overflow", "true")})) in sent
    assert sent == without("target_info", page)


@pytest.mark.anyio
async def test_resource_stands_for_target_info(shown, collector):
    with pushing(lambda: families_of(shown)):
        pass
    (request,) = collector.wait_for("metrics")
    (of_resource,) = request.resource_metrics
    assert {a.key: a.value.string_value for a in of_resource.resource.attributes} == dict(RESOURCE.attributes)


def test_exemplars_arrive(collector):
    counts = [0.0] * 17
    counts[9] = 1.0
    point = Distribution(("", "", "", "", "", ""), counts, 0.3, {9: EXEMPLAR})
    family = Family(REQUEST_DURATION, REQUEST_DURATION.label_names, [point], REQUEST_DURATION.bounds)
    with pushing(lambda: [family]):
        pass
    (exemplar,) = collector.metrics()[0].histogram.data_points[0].exemplars
    assert (exemplar.trace_id.hex(), exemplar.span_id.hex(), exemplar.as_double) == EXEMPLAR[:3]


def test_pushes_at_every_interval_from_one_and_the_same_start(collector, monkeypatch):
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "20")
    counter = Store().counter(TURNS).bind(())

    def collect():
        counter.add()
        return turns(counter.value)

    before = time.time_ns()
    with pushing(collect):
        collector.wait_for("metrics", 3)
    points = [metric.sum.data_points[0] for metric in collector.metrics()]
    assert [point.as_double for point in points] == list(range(1, len(points) + 1))
    assert len({point.start_time_unix_nano for point in points}) == 1
    assert before <= points[0].start_time_unix_nano <= points[0].time_unix_nano < points[1].time_unix_nano


def test_flushed_at_stop_and_again_after_another_start(collector):
    """The interval is a minute: what arrives here was pushed at the end."""
    with pushing(turns) as made:
        made.start()
        assert len(threads()) == 1
        made.stop()
        assert threads() == []
        assert len(collector.requests["metrics"]) == 1
        made.stop()
        assert len(collector.requests["metrics"]) == 1
        made.start()
    assert len(collector.requests["metrics"]) == 2


def test_more_than_a_grpc_server_takes_at_once_goes_in_several_requests(collector):
    metric = Metric("test.many", Kind.GAUGE, "", "Many.", ("n",))
    family = Family(metric, ("n",), [Number((f"{n} {'x' * 1000}",), float(n)) for n in range(5000)])
    with pushing(lambda: [family, *turns()]):
        pass
    assert len(collector.requests["metrics"]) > 1
    assert len(pushed(collector.metrics())) == 5001


def test_headers_and_compression_are_the_exporters_own_business(collector, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=secret")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    with pushing(turns):
        pass
    assert pushed(collector.metrics()) == {("test_turns_total", frozenset()): 1.0}
    assert collector.headers[0]["x-api-key"] == "secret"


def test_metrics_of_the_opentelemetry_api_go_with_ours(collector):
    """Only those of a provider that we have set: nobody else exports it."""
    provider = MeterProvider(resource=RESOURCE, shutdown_on_exit=False)
    orders = provider.get_meter("shop").create_counter("orders")
    for _ in range(2):
        with pushing(turns, own_provider=provider):
            orders.add(3)
    requests = collector.requests["metrics"]
    assert [len(request.resource_metrics) for request in requests] == [1, 1], "one resource, one push"
    assert [metric.sum.data_points[0].as_int for metric in collector.metrics("shop")] == [3, 3], "from each start"
    assert len(collector.metrics("apivitals")) == 2
    provider.shutdown()


def test_what_fails_costs_itself(collector):
    """A family that cannot be converted, and an instrument of the user's whose callback raises."""
    provider = MeterProvider(resource=RESOURCE, shutdown_on_exit=False)

    def broken(options):
        raise RuntimeError("no reading")

    provider.get_meter("shop").create_observable_gauge("broken", [broken])
    wrong = Family(TURNS, ("a", "b"), [Number(("only one",), 1.0)])
    errors = ErrorLog()
    with pushing(lambda: [wrong, *turns()], errors, provider):
        pass
    provider.shutdown()
    assert pushed(collector.metrics()) == {("test_turns_total", frozenset()): 1.0}
    assert errors.counts()["otlp"] >= 1


def test_source_that_raises_is_counted_and_the_next_push_goes_on(collector, monkeypatch):
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "20")
    calls = []

    def collect():
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("not yet")
        return turns()

    errors = ErrorLog()
    with pushing(collect, errors):
        collector.wait_for("metrics")
    assert errors.counts()["otlp"] == 1


@pytest.mark.anyio
async def test_unreachable_collector(shown, protocol, monkeypatch, caplog):
    """Requests are served, one warning is logged, nothing of the exporters', and the end waits for no retry."""
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "10")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3")
    collected = threading.Semaphore(0)

    def collect():
        collected.release()
        return families_of(shown)

    with closed_port() as port:
        point_at(f"http://127.0.0.1:{port}", protocol, monkeypatch)
        with pushing(collect) as made:
            for _ in range(2):
                assert collected.acquire(timeout=20)
                assert (await Client(shown.app).get("/hello")).status == 200
            began = time.monotonic()
            made.stop()
            assert time.monotonic() - began < otlp.STOP_SECONDS
    (warning,) = warnings(caplog)
    assert warning.name == "apivitals"
    assert f"pushing metrics to {os.environ['OTEL_EXPORTER_OTLP_ENDPOINT']} by {protocol}" in warning.getMessage()
    assert "refused" in warning.getMessage()
    assert shown.page().value(COUNT) == 2
    assert shown.page().value("apivitals_internal_errors_total") == 0


def test_collector_that_refuses_is_not_asked_again_at_the_end(collector, caplog):
    """The exporters would try again after one second, two, and four."""
    collector.behaviour = "refuse"
    with pushing(turns):
        pass
    assert collector.attempts == 1
    (warning,) = warnings(caplog)
    assert "unavailable" in warning.getMessage().lower()


def test_retry_that_is_waited_for_at_the_end_is_the_last(collector, monkeypatch, caplog):
    """It comes after a second; the next would come after two more."""
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "10")
    collector.behaviour = "refuse"
    with pushing(turns):
        collector.wait_for_attempts(1)
        asked = collector.attempts
    assert collector.attempts <= asked + 1
    assert len(warnings(caplog)) == 1


@pytest.mark.anyio
async def test_hanging_collector(shown, collector, monkeypatch, caplog):
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "10")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "60")
    collector.behaviour = "hang"
    with pushing(lambda: families_of(shown)) as made:
        collector.wait_for_attempts(1)
        for _ in range(10):
            assert (await Client(shown.app).get("/hello")).status == 200
        began = time.monotonic()
        made.stop(timeout=0.3)
        assert time.monotonic() - began < 10
    (warning,) = warnings(caplog)
    assert "not done within 0.3 s" in warning.getMessage()
    collector.close()
    eventually(lambda: not threads(), "the thread has ended")
    assert len(warnings(caplog)) == 1


def test_shorter_of_the_two_timeouts_ends_a_push(collector, monkeypatch, caplog):
    monkeypatch.setenv("OTEL_METRIC_EXPORT_TIMEOUT", "100")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "10")
    collector.behaviour = "hang"
    with pushing(turns):
        collector.wait_for_attempts(3)
    assert len(warnings(caplog)) == 1


def test_collector_that_comes_back_is_pushed_to(collector, monkeypatch, caplog):
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "10")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_TIMEOUT", "100")
    collector.behaviour = "refuse"
    with pushing(turns):
        collector.wait_for_attempts(3)
        collector.behaviour = "accept"
        collector.wait_for("metrics")
    assert len(warnings(caplog)) == 1


def test_exporters_of_the_users_own_log_as_they_did(collector, caplog):
    with closed_port() as port, pushing(turns):
        exporter = OTLPMetricExporter(endpoint=f"http://127.0.0.1:{port}/v1/metrics", timeout=0.1)
        exporter.export(MetricsData([]))
        exporter.shutdown()
    assert "opentelemetry.exporter.otlp.proto.http.metric_exporter" in {record.name for record in caplog.records}


def test_value_that_the_exporter_refuses_is_an_error_of_ours_and_no_more(monkeypatch):
    point_at("http://127.0.0.1:4317", "grpc", monkeypatch)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli")
    errors = ErrorLog()
    with pushing(turns, errors):
        assert threads() == []
    assert errors.counts()["otlp"] == 1


def test_extra_that_is_not_installed_is_one_clear_warning(protocol, monkeypatch, caplog):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    kind = "grpc" if protocol == "grpc" else "http"
    for signal in ("metric", "trace"):
        monkeypatch.setitem(sys.modules, f"opentelemetry.exporter.otlp.proto.{kind}.{signal}_exporter", None)
    assert otlp.from_environment(os.environ, RESOURCE, turns, ErrorLog()) is None
    (warning,) = warnings(caplog)
    assert "pip install 'apivitals[otlp]'" in warning.getMessage()


def test_wrong_variable_is_one_clear_warning(monkeypatch, caplog):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://127.0.0.1:4317")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "thrift")
    assert otlp.from_environment(os.environ, RESOURCE, turns, ErrorLog()) is None
    (warning,) = warnings(caplog)
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=thrift: should be grpc or http/protobuf" in warning.getMessage()


def run(body, **variables):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(body)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | variables,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_nothing_asked_for_costs_no_import_and_no_thread():
    run("""
    import os, sys, threading
    from opentelemetry.sdk.resources import Resource
    from apivitals.errors import ErrorLog
    from apivitals.export import otlp

    before = threading.active_count()
    assert otlp.from_environment(os.environ, Resource({}), list, ErrorLog()) is None
    assert threading.active_count() == before
    assert not [name for name in sys.modules if name.split(".")[0] in {"grpc", "requests"} or ".exporter.otlp." in name]
    """)


MADE = """
    import os
    from opentelemetry.sdk.resources import Resource
    from apivitals.catalog import Kind, Metric
    from apivitals.errors import ErrorLog
    from apivitals.export import otlp
    from apivitals.families import Family, Number

    turns = Family(Metric("test.turns", Kind.COUNTER, "", ""), (), [Number((), 1.0)])
    resource = Resource.create({})
    made = otlp.from_environment(os.environ, resource, lambda: [turns], ErrorLog())
    otlp.Otlp.stop.__defaults__ = (30.0,)  # what is flushed arrives on a busy machine too
"""


def test_process_that_just_ends_flushes(collector):
    """A server without a lifespan never says that it stops."""
    run(MADE + "    made.start()\n")
    assert pushed(collector.metrics()) == {("test_turns_total", frozenset()): 1.0}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_forked_workers_push_under_their_own_instance_ids(collector):
    """As gunicorn with --preload does: made before the fork, started after it. The parent pushes nothing."""
    run(
        MADE
        + """
    children = []
    for _ in range(2):
        child = os.fork()
        if not child:
            made.start()
            made.stop()
            os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    """
    )
    requests = collector.wait_for("metrics", 2)
    instances = {
        attribute.value.string_value
        for request in requests
        for attribute in request.resource_metrics[0].resource.attributes
        if attribute.key == "service.instance.id"
    }
    assert len(requests) == len(instances) == 2
