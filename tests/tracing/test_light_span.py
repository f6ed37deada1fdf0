"""The span of those who have no tracing: it times its call, keeps what tells what that is, and nothing else."""

import asyncio
import contextvars
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanKind, Status, StatusCode, Tracer

from apivitals.breakdown.current import CURRENT
from apivitals.operations.inference import inference
from apivitals.tracing.light_span import LightSpan
from tests.operations.recorded import MODEL_DURATION, TOKENS
from tests.support.tracing import (
    HTTPX,
    OPENAI,
    REDIS,
    SQLALCHEMY,
    broken,
    in_request,
    in_thread,
    response_time,
    tracing_of_a_test,
)

CLIENT = SpanKind.CLIENT
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-x"}
CALL = ("chat", "openai", "gpt-x", "")


@pytest.fixture
def tracing():
    with tracing_of_a_test() as one:
        yield one


def start(tracer: Tracer, name: str = "call", **how: Any) -> LightSpan:
    """Start a span that is known to be a light one."""
    span = tracer.start_span(name, **{"kind": CLIENT, **how})
    assert isinstance(span, LightSpan)
    return span


# A span, as far as instrumentations can tell


def test_it_keeps_the_attributes_that_it_starts_with_and_is_given(tracing):
    given = {"http.request.method": "GET"}
    with in_request():
        span = start(tracing.tracer("mine"), "GET", attributes=given)
        span.set_attribute("http.response.status_code", 200)
        span.set_attributes({"server.port": 80})
        assert span.attributes == {"http.request.method": "GET", "http.response.status_code": 200, "server.port": 80}
        assert given == {"http.request.method": "GET"}
        span.end()


def test_it_is_recording_until_it_ends(tracing):
    with in_request():
        span = start(tracing.tracer(HTTPX))
        assert span.is_recording()
        span.end()
        assert not span.is_recording()
        span.set_attribute("late", 1)
        span.set_attributes({"late": 1})
        assert span.attributes == {}


def test_all_that_a_span_can_be_told_it_takes(tracing):
    with in_request():
        span = start(tracing.tracer(HTTPX))
        assert span.get_span_context() is INVALID_SPAN_CONTEXT
        span.update_name("other")
        assert (span.name, span.kind) == ("other", CLIENT)
        span.add_event("event", {"a": 1}, 5)
        span.add_link(INVALID_SPAN_CONTEXT, {"a": 1})
        span.set_status(StatusCode.OK)
        span.set_status(Status(StatusCode.ERROR, "message"))
        span.record_exception(ValueError(), {"a": 1}, 5, escaped=True)
        span.end(end_time=10)


def test_it_ends_once(tracing):
    with in_request() as request:
        span = start(tracing.tracer(OPENAI), attributes=CHAT)
        span.end()
        span.end()
    assert request.calls == {"gen_ai": 1}
    assert tracing.recorded.counts(MODEL_DURATION) == {(*CALL, ""): 1}


def test_left_as_a_block_of_its_own_it_ends(tracing):
    with in_request() as request:
        with start(tracing.tracer(HTTPX)) as span:
            assert span.is_recording()
        assert not span.is_recording()
        with pytest.raises(ValueError, match="user"), start(tracing.tracer(OPENAI), attributes=CHAT):
            raise ValueError("user")
    assert request.calls == {"external": 1, "gen_ai": 1}
    assert tracing.recorded.counts(MODEL_DURATION) == {(*CALL, "ValueError"): 1}


# What it is


@pytest.mark.parametrize(("scope", "component"), [(REDIS, "cache"), (SQLALCHEMY, "database"), (HTTPX, "external")])
def test_one_that_starts_without_attributes_is_told_by_its_scope(tracing, scope, component):
    with in_request() as request:
        start(tracing.tracer(scope)).end()
    assert request.calls == {component: 1}


@pytest.mark.parametrize("name", ["db.system", "db.system.name"])
def test_what_is_said_after_the_start_wins(tracing, name):
    with in_request() as request:
        for system in "postgresql", "redis":
            span = start(tracing.tracer("mine"))
            span.set_attribute(name, system)
            span.end()
    assert request.calls == {"database": 1, "cache": 1}
    assert "external" not in request.seconds


def test_one_of_work_inside_is_no_call(tracing):
    with in_request() as request:
        start(tracing.tracer("mine"), kind=SpanKind.INTERNAL).end()
    assert request.calls == {}


def test_it_is_still_open_at_the_requests_end(tracing):
    with in_request() as request:
        span = start(tracing.tracer(HTTPX))
    span.end()
    assert request.calls == {"external": 1}
    assert sum(request.seconds.values()) == pytest.approx(response_time(request))


def test_one_that_starts_after_the_requests_end_is_not_counted(tracing):
    with in_request() as request:
        request.end(request.started + 1.0)
        start(tracing.tracer(HTTPX)).end()
    assert request.calls == {}
    assert sum(request.seconds.values()) == pytest.approx(1.0)


# One in another


@pytest.mark.parametrize("between", [False, True])
def test_an_exit_in_an_exit_counts_once(tracing, between):
    with (
        in_request() as request,
        tracing.tracer(OPENAI).start_as_current_span("chat", kind=CLIENT, attributes=CHAT),
        tracing.tracer("mine").start_as_current_span("retries", kind=SpanKind.INTERNAL if between else CLIENT),
        tracing.tracer(HTTPX).start_as_current_span("POST", kind=CLIENT),
    ):
        pass
    assert request.calls == {"gen_ai": 1}
    assert set(request.seconds) == {"gen_ai", "middleware"}


def test_an_exit_in_one_that_was_made_current_by_hand_counts_once(tracing):
    with in_request() as request, trace.use_span(start(tracing.tracer(HTTPX)), end_on_exit=True):
        start(tracing.tracer(REDIS)).end()
    assert request.calls == {"external": 1}


def test_exits_beside_each_other_count_each(tracing):
    with in_request() as request, tracing.tracer("mine").start_as_current_span("work"):
        for scope in HTTPX, REDIS, HTTPX:
            with tracing.tracer(scope).start_as_current_span("call", kind=CLIENT):
                pass
    assert request.calls == {"external": 2, "cache": 1}


@pytest.mark.parametrize("scope", [HTTPX, OPENAI])
def test_a_thread_without_the_requests_context_finds_the_exit_by_its_span(tracing, scope):
    with in_request() as request:
        outer = start(tracing.tracer(scope), attributes=CHAT if scope == OPENAI else None)
        in_thread(lambda: start(tracing.tracer(HTTPX), context=trace.set_span_in_context(outer)).end())
        outer.end()
    assert sum(request.calls.values()) == 1


def test_a_thread_without_the_requests_context_finds_it_through_work(tracing):
    with in_request() as request:
        work = start(tracing.tracer("mine"), kind=SpanKind.INTERNAL)
        in_thread(lambda: start(tracing.tracer(HTTPX), context=trace.set_span_in_context(work)).end())
        work.end()
    assert request.calls == {"external": 1}


def test_one_in_a_thread_that_knows_nothing_is_an_orphan(tracing):
    with in_request() as request, tracing.tracer("mine").start_as_current_span("work"):
        span = in_thread(lambda: tracing.tracer(HTTPX).start_span("GET", kind=CLIENT))
        assert not isinstance(span, LightSpan)
        span.end()
    assert request.calls == {}


def test_one_may_end_in_another_thread(tracing):
    with in_request() as request:
        for scope in HTTPX, SQLALCHEMY:
            in_thread(start(tracing.tracer(scope)).end)
        start(tracing.tracer(REDIS)).end()
    assert request.calls == {"external": 1, "database": 1, "cache": 1}


# Current, in a block


@pytest.mark.parametrize("scope", [HTTPX, OPENAI, "mine"])
def test_a_block_leaves_behind_what_was_current(tracing, scope):
    with in_request() as request:
        before = trace.get_current_span()
        with tracing.tracer(scope).start_as_current_span("call", kind=CLIENT) as span:
            assert isinstance(span, LightSpan)
            with tracing.tracer(scope).start_as_current_span("inner") as inner:
                assert inner.is_recording()
            assert span.is_recording()
        assert not span.is_recording()
        assert CURRENT.get() is request
        assert trace.get_current_span() is before


def test_a_block_may_leave_the_end_to_another(tracing):
    with in_request() as request:
        with tracing.tracer(HTTPX).start_as_current_span("GET", kind=CLIENT, end_on_exit=False) as span:
            pass
        assert CURRENT.get() is request
        assert span.is_recording()
        assert request.calls == {}
        span.end()
        assert request.calls == {"external": 1}


@pytest.mark.parametrize("scope", [HTTPX, OPENAI])
@pytest.mark.parametrize("error", [ValueError("user"), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError()])
def test_an_exception_passes_through(tracing, scope, error):
    with in_request() as request:
        with (
            pytest.raises(type(error)) as raised,
            tracing.tracer(scope).start_as_current_span("call", kind=CLIENT) as span,
        ):
            raise error
        assert raised.value is error
        assert not span.is_recording()
        assert CURRENT.get() is request
    assert sum(request.calls.values()) == 1


def test_left_in_another_context_it_leaves_that_alone(tracing):
    with in_request() as request:
        block = tracing.tracer(HTTPX).start_as_current_span("GET", kind=CLIENT)
        contextvars.copy_context().run(block.__enter__)
        with in_request() as other:
            block.__exit__(None, None, None)
            assert CURRENT.get() is other
        assert CURRENT.get() is request
    assert request.calls == {"external": 1}


# Calls to AI models


def test_a_model_call_is_recorded_outside_of_requests_too(tracing):
    with tracing.tracer(OPENAI).start_as_current_span("chat", kind=CLIENT, attributes=CHAT) as span:
        assert trace.get_current_span() is span
        span.set_attribute("gen_ai.usage.input_tokens", 12)
    assert tracing.recorded.counts(MODEL_DURATION) == {(*CALL, ""): 1}
    assert tracing.recorded.histogram(TOKENS) == {(*CALL, "input"): (1, 12.0)}
    assert tracing.recorded.trace_ids(MODEL_DURATION) == set()


def test_a_model_call_that_only_its_attributes_tell_is_recorded(tracing):
    with in_request() as request, tracing.tracer("mine").start_as_current_span("chat", kind=CLIENT) as span:
        span.set_attributes(CHAT)
    assert request.calls == {"gen_ai": 1}
    assert tracing.recorded.counts(MODEL_DURATION) == {(*CALL, ""): 1}


@pytest.mark.parametrize("inside", [False, True])
def test_a_model_call_in_a_model_call_is_recorded_once(tracing, inside):
    def call():
        with (
            tracing.tracer("opentelemetry.instrumentation.genai.langchain").start_as_current_span(
                "chat", kind=CLIENT, attributes=CHAT
            ),
            tracing.tracer("mine").start_as_current_span("retries"),
            tracing.tracer(OPENAI).start_as_current_span("chat", kind=CLIENT, attributes=CHAT),
        ):
            pass

    if inside:
        with in_request() as request:
            call()
        assert request.calls == {"gen_ai": 1}
    else:
        call()
    assert tracing.recorded.counts(MODEL_DURATION) == {(*CALL, ""): 1}


def test_model_calls_of_an_agent_are_recorded_each(tracing):
    tracer = tracing.tracer(OPENAI)
    agent = {**CHAT, "gen_ai.operation.name": "invoke_agent"}
    with tracer.start_as_current_span("agent", kind=CLIENT, attributes=agent):
        for _ in range(3):
            with tracer.start_as_current_span("chat", kind=CLIENT, attributes=CHAT):
                pass
    assert tracing.recorded.counts(MODEL_DURATION) == {(*CALL, ""): 3}


def test_a_model_call_inside_of_inference_is_that_call(tracing):
    with inference(feature="search"):
        start(tracing.tracer(OPENAI), attributes=CHAT).end()
    assert tracing.recorded.counts(MODEL_DURATION) == {("chat", "openai", "gpt-x", "search", ""): 1}


def test_a_failed_model_call_has_the_exceptions_name(tracing):
    class Refused(Exception):  # noqa: N818  # as a library may call it
        pass

    with (
        pytest.raises(Refused),
        tracing.tracer(OPENAI).start_as_current_span("chat", kind=CLIENT, attributes=CHAT),
    ):
        raise Refused
    (labels,) = tracing.recorded.counts(MODEL_DURATION)
    assert labels[-1] == f"{Refused.__module__}.{Refused.__qualname__}"


def test_a_failed_model_call_has_the_error_type_that_it_says(tracing):
    span = start(tracing.tracer(OPENAI), attributes=CHAT)
    span.record_exception(TimeoutError())
    span.set_attribute("error.type", "429")
    span.end()
    assert tracing.recorded.counts(MODEL_DURATION) == {(*CALL, "429"): 1}


@pytest.mark.parametrize("status", [StatusCode.ERROR, Status(StatusCode.ERROR, "message")])
def test_a_failed_model_call_that_names_no_error_is_another(tracing, status):
    span = start(tracing.tracer(OPENAI), attributes=CHAT)
    span.set_status(status)
    span.end()
    assert tracing.recorded.counts(MODEL_DURATION) == {(*CALL, "_OTHER"): 1}


def test_a_status_names_no_other_error_than_the_exception_did(tracing):
    span = start(tracing.tracer(OPENAI), attributes=CHAT)
    span.record_exception(TimeoutError())
    span.set_status(StatusCode.ERROR)
    span.end()
    assert tracing.recorded.counts(MODEL_DURATION) == {(*CALL, "TimeoutError"): 1}


# When it fails


@pytest.mark.parametrize("name", ["settled_component", "find_place"])
def test_an_error_of_ours_at_the_start_costs_the_user_nothing(tracing, monkeypatch, name):
    monkeypatch.setattr(f"apivitals.tracing.light_span.{name}", broken)
    with in_request() as request, tracing.tracer(HTTPX).start_as_current_span("GET", kind=CLIENT) as span:
        assert not span.is_recording()
    assert request.calls == {}
    assert tracing.recorded.errors.counts()["tracing"] == 1
    tracing.recorded.expected_errors = 1


def test_an_error_of_ours_at_the_end_costs_the_user_nothing(tracing, monkeypatch):
    with in_request() as request:
        with tracing.tracer("mine").start_as_current_span("GET", kind=CLIENT) as span:
            monkeypatch.setattr("apivitals.tracing.light_span.exit_component", broken)
        assert not span.is_recording()
        assert CURRENT.get() is request
    assert request.calls == {"external": 1}
    assert tracing.recorded.errors.counts()["tracing"] == 1
    tracing.recorded.expected_errors = 1
