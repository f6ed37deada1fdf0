"""A real uvicorn pushes to a real receiver; nothing but OpenTelemetry's variables says so."""

import importlib.util

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.exposition import samples
from tests.support.otlp_receiver import PROTOCOLS, receiver
from tests.support.otlp_samples import pushed, scraped
from tests.support.plain_http import get
from tests.support.servers import eventually, uvicorn

pytest.importorskip("fastapi")

APP = "tests.real.apps.live:app"
ROUTE = "GET /hello/{name}"
COUNT = "http_server_request_duration_seconds_count"


@pytest.fixture(params=PROTOCOLS)
def collector(request):
    with receiver(request.param) as made:
        yield made


def environment(collector, **more):
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": collector.protocol,
        "OTEL_SERVICE_NAME": "live",
        **more,
    }


def shown(server):
    return samples(get(f"{server.url}/metrics").body)


def test_metrics_and_traces_are_flushed_at_sigterm(collector):
    """The interval is a minute, and the sources, which end with the service, are in the last push too."""
    with uvicorn(APP, env=environment(collector)) as server:
        for name in ("ada", "grace"):
            get(f"{server.url}/hello/{name}")
        eventually(lambda: shown(server).has("system_memory_usage_bytes"), "the machine's first sample")
        page = scraped(shown(server))
        server.stop()
        assert "Traceback" not in server.log
    sent = pushed(collector.metrics())
    of_requests = [key for key in page if key[0].startswith(("http_server_request", "apivitals_http_server_component"))]
    assert {key: sent[key] for key in of_requests} == {key: page[key] for key in of_requests}
    assert sum(value for (name, _), value in sent.items() if name == COUNT) == 2
    ours = {name for name, _ in sent}
    theirs = {name for name, _ in page} - {"target_info"}
    assert {name for name in theirs if not name.startswith(("python_", "process_"))} <= ours
    assert "system_memory_usage_bytes" in ours
    resource = {
        attribute.key: attribute.value.string_value
        for attribute in collector.requests["metrics"][0].resource_metrics[0].resource.attributes
    }
    assert resource["service.name"] == "live"
    if importlib.util.find_spec("fastapi.telemetry"):  # which makes the server spans
        assert [span.name for span in collector.spans() if span.kind == Span.SPAN_KIND_SERVER].count(ROUTE) == 2


def test_service_is_served_and_stops_in_time_while_the_collector_hangs(collector):
    collector.behaviour = "hang"
    with uvicorn(APP, env=environment(collector, OTEL_METRIC_EXPORT_INTERVAL="50")) as server:
        collector.wait_for_attempts(1)
        assert get(f"{server.url}/hello/ada").status == 200
        server.stop()  # raises if it takes longer than 15 s
        assert server.log.count("pushing metrics to") == 1
