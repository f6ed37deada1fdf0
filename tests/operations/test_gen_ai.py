"""Spans of GenAI instrumentations become the metrics of the calls that they describe."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.trace import SpanContext, TraceFlags

from apivitals.operations.gen_ai import record_span
from apivitals.operations.inference import inference
from tests.operations.recorded import FIRST_CHUNK, MODEL_DURATION, TOKENS


def test_a_newer_span(recorded):
    record_span(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.system": "old",
            "gen_ai.request.model": "gpt-x",
            "gen_ai.response.model": "gpt-x-2",
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 5,
            "gen_ai.response.time_to_first_chunk": 0.25,
        },
        1.5,
        "TimeoutError",
    )
    call = ("chat", "openai", "gpt-x", "")
    assert recorded.histogram(MODEL_DURATION) == {(*call, "TimeoutError"): (1, 1.5)}
    assert recorded.histogram(FIRST_CHUNK) == {call: (1, 0.25)}
    assert recorded.histogram(TOKENS) == {(*call, "input"): (1, 10.0), (*call, "output"): (1, 5.0)}


def test_an_older_span(recorded):
    record_span(
        {
            "gen_ai.system": "openai",
            "gen_ai.response.model": "gpt-x",
            "gen_ai.usage.prompt_tokens": 10,
            "gen_ai.usage.completion_tokens": 5,
        },
        1.5,
        "",
    )
    call = ("", "openai", "gpt-x", "")
    assert recorded.histogram(MODEL_DURATION) == {(*call, ""): (1, 1.5)}
    assert recorded.histogram(TOKENS) == {(*call, "input"): (1, 10.0), (*call, "output"): (1, 5.0)}


def test_attributes_that_are_not_what_they_should_be(recorded):
    record_span(
        {
            "gen_ai.operation.name": ("chat",),
            "gen_ai.system": 5,
            "gen_ai.usage.input_tokens": "10",
            "gen_ai.usage.output_tokens": -1,
            "gen_ai.usage.completion_tokens": True,
        },
        1.5,
        "",
    )
    assert recorded.histogram(MODEL_DURATION) == {("", "", "", "", ""): (1, 1.5)}
    assert recorded.histogram(TOKENS) == {}


def test_the_exemplar_is_the_span(recorded):
    record_span({}, 1.5, "", trace=SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1)))
    assert recorded.trace_ids(MODEL_DURATION) == {f"{0xABC:032x}"}


class Completions(BaseHTTPRequestHandler):
    """Answers as OpenAI's API does."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        usage = {"prompt_tokens": 120, "completion_tokens": 48, "total_tokens": 168}
        about = {"id": "1", "created": 1, "model": "gpt-x-2"}
        if asked.get("stream"):
            deltas = [{"content": "a"}, {"content": "b"}]
            parts = [
                {**about, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]}
                for delta in deltas
            ]
            parts.append({**about, "object": "chat.completion.chunk", "choices": [], "usage": usage})
            body = "".join(f"data: {json.dumps(part)}\n\n" for part in parts) + "data: [DONE]\n\n"
            kind = "text/event-stream"
        else:
            message = {"role": "assistant", "content": "ab"}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            body = json.dumps({**about, "object": "chat.completion", "choices": choices, "usage": usage})
            kind = "application/json"
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def openai_client(provider):
    openai = pytest.importorskip("openai")
    instrumentation = pytest.importorskip("opentelemetry.instrumentation.genai.openai")
    server = HTTPServer(("127.0.0.1", 0), Completions)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    instrumentor = instrumentation.OpenAIInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    with openai.OpenAI(base_url=f"http://127.0.0.1:{server.server_port}", api_key="none") as client:
        yield client
    instrumentor.uninstrument()
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_spans_of_the_real_instrumentation_are_understood(recorded, spans, openai_client):
    messages = [{"role": "user", "content": "hello"}]
    openai_client.chat.completions.create(model="gpt-x", messages=messages)
    (span,) = spans().values()
    record_span(span.attributes, (span.end_time - span.start_time) / 1e9, "")
    call = ("chat", "openai", "gpt-x", "")
    assert recorded.counts(MODEL_DURATION) == {(*call, ""): 1}
    assert recorded.histogram(TOKENS) == {(*call, "input"): (1, 120.0), (*call, "output"): (1, 48.0)}


def test_around_a_real_stream(recorded, openai_client):
    messages = [{"role": "user", "content": "hello"}]
    options = {"include_usage": True}
    with inference(provider="openai", model="gpt-x", feature="summaries") as call:
        answer = openai_client.chat.completions.create(
            model="gpt-x", messages=messages, stream=True, stream_options=options
        )
        said = [chunk.choices[0].delta.content for chunk in call.stream(answer) if chunk.choices]
    assert said == ["a", "b"]
    labels = ("chat", "openai", "gpt-x", "summaries")
    assert recorded.counts(MODEL_DURATION) == {(*labels, ""): 1}
    assert recorded.counts(FIRST_CHUNK) == {labels: 1}
