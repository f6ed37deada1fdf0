"""From a bucket of a histogram to the trace of a request in it, through a real Prometheus."""

import json
import time
from urllib.parse import quote

import pytest

from tests.support.plain_http import get
from tests.support.prometheus import scrape_configuration, wait_for_scrape
from tests.support.servers import eventually, needs, prometheus, uvicorn

pytest.importorskip("fastapi", reason="the service is a FastAPI one")
pytest.importorskip("opentelemetry.proto", reason="the receiver of traces speaks OTLP")
receiver = pytest.importorskip("tests.support.otlp_receiver").receiver

HISTOGRAMS = [
    "http_server_request_duration_seconds_bucket",
    "apivitals_http_server_time_to_first_byte_seconds_bucket",
    "apivitals_http_server_component_duration_seconds_bucket",
    "apivitals_operation_duration_seconds_bucket",
]


def exemplars(server, name):
    now = time.time()
    asked = f"{server.url}/api/v1/query_exemplars?query={quote(name)}&start={now - 60}&end={now + 60}"
    content = json.loads(get(asked).body)
    assert content["status"] == "success"
    return [(found["seriesLabels"], one) for found in content["data"] for one in found["exemplars"]]


def test_prometheus_returns_exemplars_whose_traces_exist():
    needs("prometheus")
    with receiver("http/protobuf") as collector:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with (
            uvicorn("tests.real.apps.traced:app", env=env) as service,
            prometheus(scrape_configuration(service.port), "--enable-feature=exemplar-storage") as server,
        ):
            assert get(f"{service.url}/hello/ada").status == 200
            wait_for_scrape(server)
            found = {name: exemplars(server, name) for name in HISTOGRAMS}
            traces = {exemplar["labels"]["trace_id"] for each in found.values() for _, exemplar in each}
            eventually(lambda: traces <= {span.trace_id.hex() for span in collector.spans()}, "the traces")
    assert all(found.values()), found
    for labels, exemplar in found["http_server_request_duration_seconds_bucket"]:
        assert labels["http_route"] == "/hello/{name}"
        (server_span,) = [span for span in collector.spans() if span.span_id.hex() == exemplar["labels"]["span_id"]]
        assert server_span.name == "GET /hello/{name}"
