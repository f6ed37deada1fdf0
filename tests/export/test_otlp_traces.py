"""Spans pushed to a real receiver, if nobody else has a tracer provider.

The global provider can be set once in a process, so each case is a process of its own.
"""

import os
import subprocess
import sys
import textwrap

import pytest

from tests.support.otlp_receiver import PROTOCOLS, receiver

PRELUDE = """
    import logging, os, threading, time
    from opentelemetry import trace
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from apivitals.catalog import Kind, Metric
    from apivitals.errors import ErrorLog
    from apivitals.export import otlp
    from apivitals.families import Family, Number

    logging.basicConfig(format="%(name)s: %(message)s")
    otlp.Otlp.stop.__defaults__ = (30.0,)  # what is flushed arrives on a busy machine too

    turns = Family(Metric("test.turns", Kind.COUNTER, "", ""), (), [Number((), 1.0)])
    collected = threading.Semaphore(0)

    def collect():
        collected.release()
        return [turns]

    def make():
        return otlp.from_environment(os.environ, Resource({"service.name": "shop"}), collect, ErrorLog())

    def threads():
        return [thread.name for thread in threading.enumerate() if "Otel" in thread.name or "otlp" in thread.name]

    tracer = trace.get_tracer("shop")  # before there is a provider, as libraries do
"""


@pytest.fixture(params=PROTOCOLS)
def collector(request):
    with receiver(request.param) as made:
        yield made


def run(body, collector, **variables):
    """Run `body` in a fresh interpreter; it asserts for itself."""
    given = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": collector.protocol,
        "OTEL_METRICS_EXPORTER": "none",
    }
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PRELUDE) + textwrap.dedent(body)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | given | variables,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()


def names(collector):
    return [span.name for span in collector.spans()]


def test_flushed_at_stop_with_the_resource(collector):
    said = run(
        """
    made = make()
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    made.start()
    with tracer.start_as_current_span("order"):
        with tracer.start_as_current_span("payment"):
            pass
    made.stop()
    assert threads() == []
    """,
        collector,
    )
    assert names(collector) == ["payment", "order"]
    (request,) = collector.requests["traces"]
    (attribute,) = request.resource_spans[0].resource.attributes
    assert (attribute.key, attribute.value.string_value) == ("service.name", "shop")
    assert said == []


def test_process_that_just_ends_flushes(collector):
    run("make().start()\ntracer.start_span('order').end()\n", collector)
    assert names(collector) == ["order"]


def test_sampler_is_the_environments(collector):
    run(
        "made = make(); made.start()\ntracer.start_span('order').end()\nmade.stop()\n",
        collector,
        OTEL_TRACES_SAMPLER="always_off",
    )
    assert names(collector) == []


def test_provider_of_the_users_is_left_alone(collector):
    """Set before the service has started, the latest being in the lifespan."""
    run(
        """
    theirs = InMemorySpanExporter()
    made = make()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(theirs))
    trace.set_tracer_provider(provider)
    made.start()
    assert trace.get_tracer_provider() is provider
    assert threads() == []
    tracer.start_span("order").end()
    made.stop()
    assert [span.name for span in theirs.get_finished_spans()] == ["order"]
    tracer.start_span("afterwards").end()
    assert len(theirs.get_finished_spans()) == 2
    """,
        collector,
    )
    assert names(collector) == []


def test_second_lifespan_has_the_same_provider_and_exports_again(collector):
    said = run(
        """
    made = make()
    made.start()
    provider = trace.get_tracer_provider()
    tracer.start_span("first").end()
    made.stop()
    tracer.start_span("between").end()
    made.start()
    assert trace.get_tracer_provider() is provider
    assert len(provider._active_span_processor._span_processors) == 1
    tracer.start_span("second").end()
    made.stop()
    assert threads() == []
    """,
        collector,
    )
    assert names(collector) == ["first", "second"]
    assert said == [], "no word about a provider that must not be overridden"


def test_two_applications_export_each_span_once(collector):
    run(
        """
    one, other = make(), make()
    one.start()
    other.start()
    tracer.start_span("both").end()
    one.stop()
    tracer.start_span("other only").end()
    other.stop()
    assert threads() == []
    """,
        collector,
    )
    assert names(collector) == ["both", "other only"]


@pytest.mark.parametrize("behaviour", ["refuse", "hang"])
def test_collector_that_takes_nothing_is_one_warning_and_no_delay(collector, behaviour):
    """The queue overflows meanwhile, which the batch processor says of every span."""
    collector.behaviour = behaviour
    said = run(
        """
    made = make()
    made.start()
    began = time.monotonic()
    for _ in range(300):
        tracer.start_span("order").end()
    assert time.monotonic() - began < 10
    began = time.monotonic()
    made.stop(timeout=0.5)
    assert time.monotonic() - began < 10
    """,
        collector,
        OTEL_EXPORTER_OTLP_TIMEOUT="60",
        OTEL_BSP_MAX_QUEUE_SIZE="20",
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE="10",
        OTEL_BSP_SCHEDULE_DELAY="10",
    )
    assert len(said) == 1, said
    assert said[0].startswith(f"apivitals: pushing traces to {collector.endpoint} by {collector.protocol} failed")


def test_metrics_and_traces_of_one_collector_share_the_warning(collector):
    collector.behaviour = "refuse"
    said = run(
        """
    made = make()
    made.start()
    tracer.start_span("order").end()
    made.stop()
    """,
        collector,
        OTEL_METRICS_EXPORTER="otlp",
    )
    assert collector.attempts == 2
    assert len(said) == 1, said


def test_requests_to_the_collector_are_not_traced_themselves(collector):
    """With the instrumentations of what the exporters use switched on."""
    pytest.importorskip("opentelemetry.instrumentation.requests")
    pytest.importorskip("opentelemetry.instrumentation.grpc")
    run(
        """
    from opentelemetry.instrumentation.grpc import GrpcInstrumentorClient
    from opentelemetry.instrumentation.requests import RequestsInstrumentor
    RequestsInstrumentor().instrument()
    GrpcInstrumentorClient().instrument()
    made = make()
    made.start()
    tracer.start_span("order").end()
    for _ in range(3):  # the third time, two have been pushed
        assert collected.acquire(timeout=20)
    made.stop()
    """,
        collector,
        OTEL_METRICS_EXPORTER="otlp",
        OTEL_METRIC_EXPORT_INTERVAL="10",
        OTEL_BSP_SCHEDULE_DELAY="10",
    )
    assert len(collector.requests["metrics"]) >= 3
    assert names(collector) == ["order"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_forked_workers_each_export(collector):
    run(
        """
    made = make()
    children = []
    for number in range(2):
        child = os.fork()
        if not child:
            made.start()
            tracer.start_span(f"worker {number}").end()
            made.stop()
            os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    """,
        collector,
    )
    assert sorted(names(collector)) == ["worker 0", "worker 1"]
