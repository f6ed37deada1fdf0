"""With tracing on, an operation is a span, around the spans of what it calls."""

import asyncio
import logging

import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanContext, SpanKind, StatusCode, TraceFlags

from apivitals.operations.inference import inference
from apivitals.operations.track import record, track
from tests.operations.recorded import FIRST_CHUNK, MODEL_DURATION, TOKENS

pytestmark = pytest.mark.anyio


def library_span(name="library"):
    trace.get_tracer("library").start_span(name).end()


def parent_of(span):
    return None if span.parent is None else span.parent.span_id


async def test_an_operation_is_a_span(recorded, spans):
    with track("resize", component="video") as operation:
        operation.items(3)
        operation.items(4)
        operation.attribute("frames.skipped", 2)
    span = spans()["resize"]
    assert span.kind is SpanKind.INTERNAL
    assert span.instrumentation_scope.name == "apivitals"
    assert dict(span.attributes) == {
        "apivitals.operation.component": "video",
        "apivitals.operation.items": 7.0,
        "frames.skipped": 2,
    }
    assert span.status.status_code is StatusCode.UNSET


async def test_spans_nest(recorded, spans):
    with track("outer"):
        library_span("first")
        with track("inner"):
            library_span("second")
        library_span("third")
    library_span("after")
    ended = spans()
    outer, inner = ended["outer"].context.span_id, ended["inner"].context.span_id
    assert {name: parent_of(span) for name, span in ended.items()} == {
        "outer": None,
        "first": outer,
        "inner": outer,
        "second": inner,
        "third": outer,
        "after": None,
    }


@pytest.mark.parametrize("error", [KeyError("k"), KeyboardInterrupt()])
async def test_what_failed_is_on_the_span(recorded, spans, error):
    with pytest.raises(type(error)), track("work"):
        raise error
    span = spans()["work"]
    assert span.attributes["error.type"] == type(error).__name__
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == f"{type(error).__name__}: {error}"
    assert [event.name for event in span.events] == ["exception"] * isinstance(error, Exception)


async def test_a_cancellation_is_no_failure(recorded, spans):
    with pytest.raises(asyncio.CancelledError), track("work"):
        raise asyncio.CancelledError
    span = spans()["work"]
    assert span.attributes["error.type"] == "cancelled"
    assert span.status.status_code is StatusCode.UNSET


async def test_a_generators_span_is_current_only_while_it_produces(recorded, spans):
    @track("work")
    async def produce():
        for number in range(2):
            library_span(f"inside{number}")
            yield number

    async for number in produce():
        library_span(f"outside{number}")
    ended = spans()
    work = ended["work"].context.span_id
    assert {name: parent_of(span) for name, span in ended.items()} == {
        "work": None,
        "inside0": work,
        "inside1": work,
        "outside0": None,
        "outside1": None,
    }


async def test_left_in_another_thread_nothing_is_logged(recorded, spans, caplog):
    caplog.set_level(logging.DEBUG)
    once = track("work")
    before = context.get_current()
    await asyncio.to_thread(once.__enter__)
    await asyncio.to_thread(once.__exit__, None, None, None)
    assert context.get_current() is before
    assert "work" in spans()
    assert [message for message in caplog.messages if "detach" in message] == []


async def test_without_a_provider_there_is_no_span(recorded):
    with track("work") as operation:
        operation.attribute("frames.skipped", 2)
        assert not trace.get_current_span().is_recording()
    assert recorded.trace_ids() == set()


async def test_a_provider_set_later_is_used(recorded, monkeypatch):
    with track("work"):
        pass
    provider = TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    with track("work"):
        assert trace.get_current_span().is_recording()
    monkeypatch.undo()
    with track("work"):
        assert not trace.get_current_span().is_recording()


async def test_not_sampled_means_no_exemplar_and_no_sampled_children(recorded, monkeypatch):
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", TracerProvider(ALWAYS_OFF, shutdown_on_exit=False))
    with track("work"):
        current = trace.get_current_span().get_span_context()
        assert current.is_valid
        assert not current.trace_flags.sampled
    assert recorded.counts() == {("work", "work", ""): 1}
    assert recorded.trace_ids() == set()


async def test_exemplars_point_to_the_operations_span(recorded, spans):
    with track("work"):
        pass
    with inference() as call:
        call.tokens(input=1)
        call.first_chunk()
    ended = spans()
    assert recorded.trace_ids() == {f"{ended['work'].context.trace_id:032x}"}
    of_call = {f"{ended['chat'].context.trace_id:032x}"}
    assert [recorded.trace_ids(name) for name in (MODEL_DURATION, FIRST_CHUNK, TOKENS)] == [of_call] * 3


async def test_exemplars_point_to_the_requests_trace(recorded, in_request):
    with in_request() as request:
        request.trace = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1))
        with track("work"):
            pass
        record("render", 1.0)
        with inference():
            pass
    assert recorded.trace_ids() == recorded.trace_ids(MODEL_DURATION) == {f"{0xABC:032x}"}


def raising(*_, **__):
    raise OSError("exporter")


async def test_a_span_processor_that_raises_costs_the_user_nothing(recorded, provider):
    processor = SpanProcessor()
    processor.on_start = processor.on_end = raising  # type: ignore[method-assign]
    provider.add_span_processor(processor)
    with track("work"):
        pass
    record("render", 1.0)
    assert recorded.counts() == {("work", "work", ""): 1, ("render", "render", ""): 1}
    recorded.expected_errors = 2


async def test_a_span_processor_that_raises_at_the_end_costs_nothing_either(recorded, provider):
    processor = SpanProcessor()
    processor.on_end = raising  # type: ignore[method-assign]
    provider.add_span_processor(processor)
    with pytest.raises(KeyError), track("work"):
        raise KeyError
    assert recorded.counts() == {("work", "work", "KeyError"): 1}
    recorded.expected_errors = 1
