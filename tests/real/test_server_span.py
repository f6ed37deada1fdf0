"""One server span for each request, whoever makes it and in whatever order, with the breakdown on it."""

import json
import time

import pytest

from tests.support.breakdown import seconds_by_component
from tests.support.exposition import samples
from tests.support.plain_http import get
from tests.support.servers import uvicorn

pytest.importorskip("opentelemetry.proto", reason="the receiver of traces speaks OTLP")
receiver = pytest.importorskip("tests.support.otlp_receiver").receiver

SERVER, CLIENT = 2, 3
SAMPLED = 1
ROUNDING_SECONDS = 0.001
COMPONENT = "apivitals.component."
ROUTES = {"/api/call/{what}", "/api/headers/{what}"}
TRACED = [
    "fastapi, provider first",
    "fastapi, provider after",
    "fastapi, provider in lifespan",
    "fastapi, provider by variables",
    "fastapi, provider first, contrib first",
    "fastapi, provider after, contrib after",
    "fastapi, provider first, contrib by class",
    "starlette, provider first",
    "starlette, provider in lifespan",
    "starlette, provider by variables",
]


def attributes(span):
    return {one.key: one.value.string_value or one.value.double_value or one.value.int_value for one in span.attributes}


def run(mode, collector, headers=None, **settings):
    """Make one request, which makes another; return what headers that had, and the breakdown of the first."""
    if mode.startswith("fastapi"):
        pytest.importorskip("fastapi")
    env = {"MODE": mode, **settings}
    if "provider" in mode:
        env["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.endpoint
        env["OTEL_METRICS_EXPORTER"] = "none"
    with uvicorn("tests.real.apps.modes:app", env=env) as server:
        answer = get(f"{server.url}/api/call/all", headers)
        assert answer.status == 200
        page = samples(get(f"{server.url}/metrics").body)
    return json.loads(answer.body), seconds_by_component(page, "/api/call/{what}")


@pytest.mark.parametrize("mode", TRACED)
def test_there_is_one_server_span_and_the_breakdown_is_on_it(mode):
    """Span and breakdown begin and end at different places: between them is little, unless the machine is busy."""
    differences = []
    for _ in range(3):
        seconds, told = span_and_breakdown(mode)
        differences.append(sum(told.values()) - seconds)
        if abs(differences[-1]) < 0.01:
            return
    raise AssertionError(f"the components and the span differ by {differences} s")


def span_and_breakdown(mode):
    """Return the seconds of a request's span, and the components on it, once all is as it should be."""
    with receiver("http/protobuf") as collector:
        sent, breakdown = run(mode, collector)
        spans = collector.spans()
    servers = [span for span in spans if span.kind == SERVER and "metrics" not in span.name]
    assert sorted(attributes(span)["http.route"] for span in servers) == sorted(ROUTES)
    assert sorted(span.name for span in servers) == [f"GET {route}" for route in sorted(ROUTES)]
    (caller,) = [span for span in servers if attributes(span)["http.route"] == "/api/call/{what}"]
    told = {key: value for key, value in attributes(caller).items() if key.startswith(COMPONENT)}
    # As text in the page, as doubles in the span
    assert told == pytest.approx({COMPONENT + name: seconds for name, seconds in breakdown.items()})
    seconds = (caller.end_time_unix_nano - caller.start_time_unix_nano) / 1e9
    # the call is a child of the request, and the request that it makes is a child of the call
    (client,) = [span for span in spans if span.kind == CLIENT]
    assert client.trace_id == caller.trace_id
    assert sent["traceparent"].split("-")[1:3] == [client.trace_id.hex(), client.span_id.hex()]
    assert told[f"{COMPONENT}external"] > 0
    return seconds, told


@pytest.mark.parametrize("mode", ["fastapi", "starlette"])
def test_without_tracing_there_is_a_breakdown_and_no_header_is_sent(mode):
    sent, breakdown = run(mode, None)
    assert "traceparent" not in sent
    assert breakdown["external"] > 0


@pytest.mark.parametrize("mode", ["fastapi, provider first, unsampled", "starlette, provider first, unsampled"])
def test_an_unsampled_request_has_a_breakdown_and_passes_the_decision_on(mode):
    with receiver("http/protobuf") as collector:
        sent, breakdown = run(mode, collector)
        assert collector.spans() == []
    assert int(sent["traceparent"].rpartition("-")[2], 16) & SAMPLED == 0
    assert breakdown["external"] > 0


@pytest.mark.parametrize("mode", ["fastapi, provider first", "starlette, provider first"])
def test_the_queue_time_is_on_the_server_span_too(mode):
    began = time.time()
    stamp = {"X-Request-Start": f"t={began - 20:.3f}"}
    with receiver("http/protobuf") as collector:
        _, breakdown = run(mode, collector, stamp, APIVITALS_TRUST_QUEUE_HEADER="true")
        seconds = time.time() - began
        queues = [attributes(span).get(f"{COMPONENT}queue") for span in collector.spans() if span.kind == SERVER]
    assert "queue" not in breakdown
    (queue,) = [queue for queue in queues if queue is not None]
    assert 20 - ROUNDING_SECONDS <= queue <= 20 + seconds + ROUNDING_SECONDS


NAMED = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST"
SECRETS = {"User-Agent": "secretagent", "Host": "secrethost", "X-Plan": "secretplan", "Cookie": "secretcookie"}


def spans_of_one_request(mode, path, **settings):
    """Make a request that has something to hide; return the attributes of its server spans, and the answer."""
    env = {"MODE": mode, "OTEL_METRICS_EXPORTER": "none", **settings}
    with receiver("http/protobuf") as collector:
        with uvicorn(
            "tests.real.apps.modes:app", env={**env, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
        ) as server:
            answer = get(f"{server.url}{path}", SECRETS)
            page = samples(get(f"{server.url}/metrics").body)
        told = [attributes(span) for span in collector.spans() if span.kind == SERVER and "metrics" not in span.name]
    return told, answer, page


@pytest.mark.parametrize("names", ["", "http", "http/dup"])
def test_what_a_client_sends_is_not_on_a_span_of_ours(names):
    path = "/api/headers/secretparameter?token=secretquery"
    variable = {"OTEL_SEMCONV_STABILITY_OPT_IN": names}
    (told,), answer, _ = spans_of_one_request("starlette, provider first", path, **variable)
    assert json.loads(answer.body)["user-agent"] == "secretagent", "the application gets all of it"
    assert told["http.route"] == "/api/headers/{what}"
    assert told["http.response.status_code"] == 200
    shown = {key: value for key, value in told.items() if "secret" in str(value) or ".peer." in key or "client" in key}
    assert shown == {}


def test_a_header_that_is_asked_for_by_name_is_on_the_span():
    variable = {NAMED: "user-agent,X-Pl.*"}
    (told,), _, _ = spans_of_one_request("starlette, provider first", "/api/headers/all", **variable)
    assert {"http.request.header.user_agent", "http.request.header.x_plan"} <= set(told)
    assert not any("secrethost" in str(value) or "secretcookie" in str(value) for value in told.values())


def test_a_path_that_is_excluded_has_no_span():
    variable = {"OTEL_PYTHON_FASTAPI_EXCLUDED_URLS": "api/headers"}
    told, answer, _ = spans_of_one_request("starlette, provider first", "/api/headers/all", **variable)
    assert (told, answer.status) == ([], 200)


def test_a_variable_that_is_no_regular_expression_breaks_no_request():
    told, answer, page = spans_of_one_request("starlette, provider first", "/api/headers/all", **{NAMED: "x-("})
    assert (told, answer.status) == ([], 200)
    assert page.value("apivitals_internal_errors_total", operation="tracing") == 1
