"""Spans that an SDK records become intervals of the request that they are a part of."""

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import SpanKind, Status, StatusCode

from apivitals.breakdown.current import CURRENT, RequestTimeline
from apivitals.operations.inference import inference
from apivitals.operations.track import track
from tests.operations.recorded import MODEL_DURATION, TOKENS
from tests.support.tracing import (
    HTTPX,
    OPENAI,
    REDIS,
    SQLALCHEMY,
    broken,
    in_request,
    in_thread,
    places_kept,
    response_time,
    tracing_of_a_test,
)

CLIENT, SERVER, INTERNAL = SpanKind.CLIENT, SpanKind.SERVER, SpanKind.INTERNAL
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-x"}


@pytest.fixture
def tracing():
    with tracing_of_a_test() as one:
        yield one


@pytest.fixture
def provider(tracing):
    return tracing.provide()


class RecordOnly(Sampler):
    """Has spans recorded that are not exported."""

    def should_sample(self, *_, **__):
        return SamplingResult(Decision.RECORD_ONLY)

    def get_description(self):
        return "record only"


# What is told at the start, and at the end


@pytest.mark.parametrize(("scope", "component"), [(REDIS, "cache"), (SQLALCHEMY, "database"), (HTTPX, "external")])
def test_a_span_that_starts_without_attributes_is_told_by_its_scope(tracing, provider, scope, component):
    with in_request() as request:
        provider.get_tracer(scope).start_span("call", kind=CLIENT).end()
    assert request.calls == {component: 1}


@pytest.mark.parametrize("name", ["db.system", "db.system.name"])
def test_what_is_said_after_the_start_wins(tracing, provider, name):
    with in_request() as request:
        for system in "postgresql", "memcached":
            span = provider.get_tracer("mine").start_span("call", kind=CLIENT)
            span.set_attribute(name, system)
            span.end()
    assert request.calls == {"database": 1, "cache": 1}
    assert "external" not in request.seconds


def test_an_unknown_client_is_external_and_internal_work_is_none(tracing, provider):
    tracer = provider.get_tracer("mine")
    with in_request() as request:
        tracer.start_span("call", kind=CLIENT).end()
        tracer.start_span("work").end()
    assert request.calls == {"external": 1}


def test_a_message_that_is_published_is_messaging(tracing, provider):
    with in_request() as request:
        provider.get_tracer("opentelemetry.instrumentation.celery").start_span("send", kind=SpanKind.PRODUCER).end()
        provider.get_tracer("mine").start_span("send", kind=SpanKind.PRODUCER).end()
    assert request.calls == {"messaging": 2}


def test_to_take_a_connection_is_time_of_the_database_and_no_query(tracing, provider):
    tracer = provider.get_tracer(SQLALCHEMY)
    with in_request() as request:
        tracer.start_span("connect", kind=CLIENT).end()
        query = tracer.start_span("SELECT shop", kind=CLIENT)
        assert CURRENT.get() is not request
        provider.get_tracer("opentelemetry.instrumentation.asyncpg").start_span("SELECT", kind=CLIENT).end()
        query.end()
        assert CURRENT.get() is request
    assert request.calls == {"database": 1}


def test_a_query_that_ends_elsewhere_leaves_alone_what_is_current_there(tracing, provider):
    with in_request() as request:
        query = provider.get_tracer(SQLALCHEMY).start_span("SELECT shop", kind=CLIENT)
        with in_request() as other:
            query.end()
            assert CURRENT.get() is other
    assert (request.calls, other.calls) == ({"database": 1}, {})


# Exits inside exits


def test_an_exit_in_an_exit_counts_once(tracing, provider):
    with (
        in_request() as request,
        provider.get_tracer(OPENAI).start_as_current_span("chat", kind=CLIENT, attributes=CHAT),
        provider.get_tracer(HTTPX).start_as_current_span("POST", kind=CLIENT),
    ):
        pass
    assert request.calls == {"gen_ai": 1}
    assert set(request.seconds) == {"gen_ai", "middleware"}


def test_an_exit_in_an_exit_counts_once_with_work_between(tracing, provider):
    with (
        in_request() as request,
        provider.get_tracer(OPENAI).start_as_current_span("chat", kind=CLIENT, attributes=CHAT),
        provider.get_tracer("mine").start_as_current_span("retries"),
        provider.get_tracer(HTTPX).start_as_current_span("POST", kind=CLIENT),
    ):
        pass
    assert request.calls == {"gen_ai": 1}


def test_exits_inside_of_work_count_each(tracing, provider):
    with in_request() as request, provider.get_tracer("mine").start_as_current_span("work"):
        for _ in range(3):
            provider.get_tracer(HTTPX).start_span("GET", kind=CLIENT).end()
    assert request.calls == {"external": 3}


def test_an_exit_inside_of_a_tracked_block_is_taken_out_of_it(tracing, provider):
    with in_request() as request, track("resize"):
        provider.get_tracer(HTTPX).start_span("GET", kind=CLIENT).end()
    assert request.calls == {"external": 1, "resize": 1}
    assert sum(request.seconds.values()) == pytest.approx(response_time(request))


def test_the_parts_add_up_whatever_ends_where(tracing, provider):
    with in_request() as request:
        begun = [provider.get_tracer(HTTPX).start_span(f"GET {n}", kind=CLIENT) for n in range(20)]
        together = threading.Barrier(4)

        def end(some):
            together.wait()
            for span in some:
                span.end()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(end, (begun[n::4] for n in range(4))))
    assert request.calls == {"external": 20}
    assert sum(request.seconds.values()) == pytest.approx(response_time(request))


# Threads


def test_a_thread_without_the_requests_context_finds_it_by_the_server_span(tracing, provider):
    tracer = provider.get_tracer(HTTPX)
    with in_request() as request, provider.get_tracer("server").start_as_current_span("GET /", kind=SERVER) as server:
        in_thread(lambda: tracer.start_span("GET", trace.set_span_in_context(server), kind=CLIENT).end())
    assert request.calls == {"external": 1}


def test_a_thread_without_the_requests_context_finds_it_through_work(tracing, provider):
    with in_request() as request, provider.get_tracer("mine").start_as_current_span("work") as work:

        def call():
            with provider.get_tracer("mine").start_as_current_span("inner", trace.set_span_in_context(work)):
                provider.get_tracer(REDIS).start_span("GET", kind=CLIENT).end()  # has no parent context: the current

        in_thread(call)
    assert request.calls == {"cache": 1}


def test_a_thread_without_the_requests_context_finds_the_exit_that_it_is_in(tracing, provider):
    with in_request() as request:
        outer = provider.get_tracer(OPENAI).start_span("chat", kind=CLIENT, attributes=CHAT)
        in_thread(
            lambda: provider.get_tracer(HTTPX).start_span("POST", trace.set_span_in_context(outer), kind=CLIENT).end()
        )
        outer.end()
    assert request.calls == {"gen_ai": 1}


def test_a_span_in_a_thread_that_knows_nothing_is_an_orphan(tracing, provider):
    with in_request() as request, provider.get_tracer("server").start_as_current_span("GET /", kind=SERVER):
        in_thread(lambda: provider.get_tracer(HTTPX).start_span("GET", kind=CLIENT).end())
        assert places_kept(tracing.stand_in.processor) == 1
    assert request.calls == {}
    assert "GET" in tracing.exported()


def test_a_span_of_another_request_in_the_same_process_is_that_ones(tracing, provider):
    with in_request() as caller, provider.get_tracer(HTTPX).start_as_current_span("GET", kind=CLIENT) as call:
        with in_request() as called, provider.get_tracer("server").start_as_current_span("GET /", kind=SERVER):
            provider.get_tracer(REDIS).start_span("GET", kind=CLIENT).end()
        assert called.calls == {"cache": 1}
        assert called.server_span is not None
        assert call.is_recording()
    assert caller.calls == {"external": 1}
    assert caller.server_span is None


def test_a_task_that_outlives_its_request_works_for_another_one(tracing, provider):
    with (
        in_request() as request,
        provider.get_tracer("server").start_as_current_span("GET /", kind=SERVER) as server,
        in_request() as left_behind,
    ):
        left_behind.end(perf_counter())
        provider.get_tracer(HTTPX).start_span("GET", trace.set_span_in_context(server), kind=CLIENT).end()
    assert (request.calls, left_behind.calls) == ({"external": 1}, {})


# The request's end


def test_what_starts_after_the_requests_end_is_not_counted(tracing, provider):
    request = RequestTimeline(perf_counter())
    token = CURRENT.set(request)
    server = provider.get_tracer("server").start_span("GET /", kind=SERVER)
    request.end(perf_counter())
    seconds = dict(request.seconds)
    provider.get_tracer(HTTPX).start_span("GET", kind=CLIENT).end()
    CURRENT.reset(token)
    in_thread(
        lambda: provider.get_tracer(HTTPX).start_span("GET", trace.set_span_in_context(server), kind=CLIENT).end()
    )
    server.end()
    assert request.calls == {}
    assert request.seconds == seconds
    assert places_kept(tracing.stand_in.processor) == 0


def test_what_has_not_ended_by_then_ends_with_the_request(tracing, provider):
    with in_request() as request:
        late = provider.get_tracer(HTTPX).start_span("GET", kind=CLIENT)
    seconds = dict(request.seconds)
    late.end()
    assert request.calls == {"external": 1}
    assert request.seconds == seconds
    assert sum(seconds.values()) == pytest.approx(response_time(request))


def test_spans_that_never_end_are_let_go_with_their_request(tracing, provider):
    tracer = provider.get_tracer(HTTPX)
    gone = []
    for _ in range(10):
        with in_request() as request:
            for _ in range(100):
                tracer.start_span("leaked", kind=CLIENT)
        gone.append(weakref.ref(request))
    del request
    with in_request():
        for _ in range(600):
            tracer.start_span("GET", kind=CLIENT).end()
        gc.collect()
        assert places_kept(tracing.stand_in.processor) <= 400
        assert sum(one() is not None for one in gone) <= 4


def test_spans_that_have_not_ended_are_kept_through_a_sweep_while_their_request_goes_on(tracing, provider):
    with in_request() as request:
        begun = [provider.get_tracer("mine").start_span("call", kind=CLIENT) for _ in range(1000)]
        assert places_kept(tracing.stand_in.processor) == 1000
        for span in begun:
            span.set_attribute("db.system", "redis")
            span.end()
    assert request.calls == {"cache": 1000}
    assert places_kept(tracing.stand_in.processor) == 0


def test_outside_of_requests_nothing_is_kept(tracing, provider):
    with provider.get_tracer(HTTPX).start_as_current_span("GET", kind=CLIENT):
        assert places_kept(tracing.stand_in.processor) == 0


# The server span, and the trace


def test_the_first_server_span_is_the_requests(tracing, provider):
    tracer = provider.get_tracer("server")
    with in_request() as request, tracer.start_as_current_span("GET /", kind=SERVER) as first:
        with tracer.start_as_current_span("GET /mounted", kind=SERVER):
            pass
        assert request.trace == first.get_span_context()
        assert request.server_span is first
        request.server_span.set_attribute("apivitals.component.endpoint", 0.5)  # it is the live one
    assert tracing.exported()["GET /"].attributes["apivitals.component.endpoint"] == 0.5


def test_a_server_span_is_no_exit(tracing, provider):
    with in_request() as request, provider.get_tracer("server").start_as_current_span("GET /", kind=SERVER):
        pass
    assert request.calls == {}


def test_a_server_span_inside_of_an_exit_is_not_the_requests(tracing, provider):
    with (
        in_request() as request,
        provider.get_tracer(HTTPX).start_as_current_span("GET", kind=CLIENT),
        provider.get_tracer("server").start_as_current_span("GET /", kind=SERVER),  # of an application in the process
    ):
        assert request.server_span is None


def test_the_trace_of_a_request_without_a_server_span_is_that_of_its_first_span(tracing, provider):
    with in_request() as request:
        first = provider.get_tracer(HTTPX).start_span("GET", kind=CLIENT)
        provider.get_tracer(HTTPX).start_span("GET", kind=CLIENT).end()
        assert request.trace == first.get_span_context()
        assert request.server_span is None
        with provider.get_tracer("server").start_as_current_span("GET /", kind=SERVER) as server:
            assert request.trace == server.get_span_context()
        first.end()


def test_a_server_span_that_is_recorded_but_not_sampled_is_no_trace(tracing):
    provider = tracing.provide(RecordOnly())
    with in_request() as request, provider.get_tracer("server").start_as_current_span("GET /", kind=SERVER) as server:
        provider.get_tracer(HTTPX).start_span("GET", kind=CLIENT).end()
        assert request.server_span is server
        assert request.trace is None
    assert request.calls == {"external": 1}


def test_a_server_span_after_the_requests_end_is_not_kept(tracing, provider):
    with in_request() as request:
        request.end(perf_counter())
        provider.get_tracer("server").start_span("GET /", kind=SERVER).end()
    assert request.server_span is None
    assert request.trace is None


# Calls to AI models


def test_a_model_call_is_recorded_outside_of_requests_too(tracing, provider):
    with provider.get_tracer(OPENAI).start_as_current_span("chat", kind=CLIENT, attributes=CHAT) as span:
        span.set_attribute("gen_ai.usage.input_tokens", 12)
    assert tracing.recorded.counts(MODEL_DURATION) == {("chat", "openai", "gpt-x", "", ""): 1}
    assert tracing.recorded.histogram(TOKENS) == {("chat", "openai", "gpt-x", "", "input"): (1, 12.0)}
    assert tracing.recorded.trace_ids(MODEL_DURATION) == {f"{span.get_span_context().trace_id:032x}"}


def test_a_model_call_that_only_its_attributes_tell_is_recorded_outside_of_requests_too(tracing, provider):
    with provider.get_tracer("mine").start_as_current_span("chat", kind=CLIENT) as span:
        span.set_attributes(CHAT)
    assert tracing.recorded.counts(MODEL_DURATION) == {("chat", "openai", "gpt-x", "", ""): 1}


def test_a_model_calls_duration_is_its_spans(tracing, provider):
    span = provider.get_tracer(OPENAI).start_span("chat", kind=CLIENT, attributes=CHAT, start_time=1_000_000_000)
    span.end(3_500_000_000)
    assert tracing.recorded.histogram(MODEL_DURATION) == {("chat", "openai", "gpt-x", "", ""): (1, 2.5)}


def test_a_model_call_in_a_model_call_is_recorded_once(tracing, provider):
    with in_request() as request:
        for _ in range(2):
            with (
                provider.get_tracer("opentelemetry.instrumentation.genai.langchain").start_as_current_span(
                    "chat", kind=CLIENT, attributes=CHAT
                ),
                provider.get_tracer(OPENAI).start_as_current_span("chat", kind=CLIENT, attributes=CHAT),
            ):
                pass
    assert request.calls == {"gen_ai": 2}
    assert tracing.recorded.counts(MODEL_DURATION) == {("chat", "openai", "gpt-x", "", ""): 2}


def test_a_model_call_in_a_model_call_is_recorded_once_outside_of_requests_too(tracing, provider):
    with (
        provider.get_tracer(OPENAI).start_as_current_span("chat", kind=CLIENT, attributes=CHAT),
        provider.get_tracer("mine").start_as_current_span("retries"),
        provider.get_tracer(OPENAI).start_as_current_span("chat", kind=CLIENT, attributes=CHAT),
    ):
        pass
    assert tracing.recorded.counts(MODEL_DURATION) == {("chat", "openai", "gpt-x", "", ""): 1}


def test_model_calls_of_an_agent_are_recorded_each(tracing, provider):
    agent = {**CHAT, "gen_ai.operation.name": "invoke_agent"}
    tracer = provider.get_tracer(OPENAI)
    with in_request() as request, tracer.start_as_current_span("agent", kind=CLIENT, attributes=agent):
        for _ in range(3):
            tracer.start_span("chat", kind=CLIENT, attributes=CHAT).end()
    assert request.calls == {"gen_ai": 3}
    assert tracing.recorded.counts(MODEL_DURATION) == {("chat", "openai", "gpt-x", "", ""): 3}


def test_a_model_call_inside_of_inference_is_that_call(tracing, provider):
    with (
        in_request() as request,
        inference(feature="search"),
        provider.get_tracer(OPENAI).start_as_current_span("chat", kind=CLIENT, attributes=CHAT),
    ):
        pass
    assert request.calls == {"gen_ai": 1}
    assert tracing.recorded.counts(MODEL_DURATION) == {("chat", "openai", "gpt-x", "search", ""): 1}


def test_a_failed_model_call_has_the_exceptions_name(tracing, provider):
    with (
        pytest.raises(TimeoutError),
        provider.get_tracer(OPENAI).start_as_current_span("chat", kind=CLIENT, attributes=CHAT),
    ):
        raise TimeoutError
    assert tracing.recorded.counts(MODEL_DURATION) == {("chat", "openai", "gpt-x", "", "TimeoutError"): 1}


def test_a_failed_model_call_has_the_error_type_that_it_says(tracing, provider):
    span = provider.get_tracer(OPENAI).start_span("chat", kind=CLIENT, attributes={**CHAT, "error.type": "429"})
    span.record_exception(TimeoutError())
    span.set_status(Status(StatusCode.ERROR))
    span.end()
    assert tracing.recorded.counts(MODEL_DURATION) == {("chat", "openai", "gpt-x", "", "429"): 1}


def test_a_failed_model_call_that_names_no_error_is_another(tracing, provider):
    span = provider.get_tracer(OPENAI).start_span("chat", kind=CLIENT, attributes=CHAT)
    span.set_status(Status(StatusCode.ERROR))
    span.end()
    assert tracing.recorded.counts(MODEL_DURATION) == {("chat", "openai", "gpt-x", "", "_OTHER"): 1}


# On, off, and when it fails


def test_off_it_does_nothing(tracing, provider):
    tracing.stand_in.release()
    with in_request() as request, provider.get_tracer(OPENAI).start_as_current_span("c", kind=CLIENT, attributes=CHAT):
        pass
    tracing.stand_in.acquire()
    assert request.calls == {}
    assert tracing.recorded.counts(MODEL_DURATION) == {}
    assert "c" in tracing.exported()


def test_switched_off_in_between_it_lets_go_all_the_same(tracing, provider):
    with in_request():
        span = provider.get_tracer(HTTPX).start_span("GET", kind=CLIENT)
        tracing.stand_in.release()
        span.end()
    tracing.stand_in.acquire()
    assert places_kept(tracing.stand_in.processor) == 0


@pytest.mark.parametrize("name", ["settled_component", "find_place"])
def test_an_error_of_ours_at_the_start_costs_the_user_nothing(tracing, provider, monkeypatch, name):
    monkeypatch.setattr(f"apivitals.tracing.processor.{name}", broken)
    with in_request(), provider.get_tracer("mine").start_as_current_span("GET", kind=INTERNAL):
        pass
    assert "GET" in tracing.exported()
    assert tracing.recorded.errors.counts()["tracing"] == 1
    tracing.recorded.expected_errors = 1


def test_an_error_of_ours_at_the_end_costs_the_user_nothing(tracing, provider, monkeypatch):
    with in_request() as request, provider.get_tracer("mine").start_as_current_span("GET", kind=CLIENT):
        monkeypatch.setattr("apivitals.tracing.processor.exit_component", broken)
    assert "GET" in tracing.exported()
    assert request.calls == {"external": 1}
    assert tracing.recorded.errors.counts()["tracing"] == 1
    assert places_kept(tracing.stand_in.processor) == 0
    tracing.recorded.expected_errors = 1
