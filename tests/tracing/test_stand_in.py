"""The provider that instrumentations get: the global one wherever there is one, and nothing that others could see."""

from contextlib import contextmanager

import pytest
from opentelemetry import context, propagate, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, NoOpTracerProvider, SpanKind

from apivitals.tracing import global_provider as module
from apivitals.tracing.global_provider import global_provider
from apivitals.tracing.light_span import LightSpan
from tests.operations.recorded import MODEL_DURATION
from tests.support.tracing import HTTPX, OPENAI, REDIS, in_request, places_kept, set_provider, tracing_of_a_test

CLIENT = SpanKind.CLIENT
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-x"}
REMOTE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "vendor=1"}


@pytest.fixture
def tracing():
    with tracing_of_a_test() as one:
        yield one


def outgoing():
    """Return the headers that an HTTP client would send."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


def sent_on():
    """Return what the service that is called would take it for: trace, parent span, and whether that was sampled."""
    got = trace.get_current_span(propagate.extract(outgoing())).get_span_context()
    return got.trace_id, got.span_id, got.trace_flags.sampled


@contextmanager
def called_by(headers):
    """Have a caller's trace in the context, as a server's instrumentation has it."""
    token = context.attach(propagate.extract(headers))
    try:
        yield
    finally:
        context.detach(token)


class DroppingClients(Sampler):
    """Samples all but the spans of clients."""

    def should_sample(self, parent_context, trace_id, name, kind=None, *others, **more):
        sampler = ALWAYS_OFF if kind is CLIENT else ALWAYS_ON
        return sampler.should_sample(parent_context, trace_id, name, kind, *others, **more)

    def get_description(self):
        return "all but clients"


# Without a provider


def test_outside_of_requests_a_span_costs_nothing(tracing):
    span = tracing.tracer(HTTPX).start_span("GET", kind=CLIENT)
    assert type(span) is NonRecordingSpan
    with tracing.tracer(HTTPX).start_as_current_span("GET", kind=CLIENT) as current:
        assert type(current) is NonRecordingSpan
        assert outgoing() == {}
    assert places_kept(tracing.stand_in.processor) == 0


def test_the_global_provider_stays_unset(tracing):
    with in_request() as request, tracing.tracer(HTTPX).start_as_current_span("GET", kind=CLIENT):
        assert global_provider() is None
        assert not trace.get_tracer("user").start_span("mine").is_recording()
    assert request.calls == {"external": 1}
    assert (request.server_span, request.trace) == (None, None)


@pytest.mark.parametrize("scope", [HTTPX, OPENAI])
def test_nothing_is_sent_on(tracing, scope):
    with in_request(), tracing.tracer(scope).start_as_current_span("call", kind=CLIENT) as span:
        assert isinstance(span, LightSpan)
        assert outgoing() == {}
        with trace.use_span(span):
            assert outgoing() == {}


@pytest.mark.parametrize("scope", [HTTPX, OPENAI])
def test_the_callers_trace_is_sent_on_as_it_is(tracing, scope):
    with (
        called_by(REMOTE),
        in_request() as request,
        tracing.tracer(scope).start_as_current_span("call", kind=CLIENT) as span,
    ):
        assert isinstance(span, LightSpan)
        assert outgoing() == REMOTE
        with trace.use_span(span):
            assert outgoing() == REMOTE
    assert sum(request.calls.values()) == 1


def test_a_provider_that_does_nothing_is_as_good_as_none(tracing):
    set_provider(NoOpTracerProvider())
    with called_by(REMOTE), in_request() as request:
        with tracing.tracer(HTTPX).start_as_current_span("GET", kind=CLIENT):
            assert outgoing() == REMOTE
        tracing.tracer(REDIS).start_span("GET", kind=CLIENT).end()
    assert request.calls == {"external": 1, "cache": 1}


# With one


def test_the_global_providers_span_is_the_instrumentations(tracing):
    provider = tracing.provide()
    tracer = tracing.stand_in.get_tracer(HTTPX, "1.2", "https://example.com/schema", {"a": 1})
    with (
        in_request() as request,
        provider.get_tracer("server").start_as_current_span("GET /") as server,
        tracer.start_as_current_span("GET", kind=CLIENT, attributes={"http.request.method": "GET"}),
    ):
        sent = sent_on()
    span = tracing.exported()["GET"]
    assert request.calls == {"external": 1}
    assert span.parent == server.get_span_context()
    assert dict(span.attributes) == {"http.request.method": "GET"}
    assert sent == (span.context.trace_id, span.context.span_id, True)
    scope = span.instrumentation_scope
    assert (scope.name, scope.version, scope.schema_url, dict(scope.attributes)) == (
        HTTPX,
        "1.2",
        "https://example.com/schema",
        {"a": 1},
    )


def test_one_that_is_set_after_the_tracer_was_got_takes_over(tracing):
    tracer = tracing.tracer(HTTPX)
    with in_request() as request:
        tracer.start_span("before", kind=CLIENT).end()
        set_provider(provider := TracerProvider(shutdown_on_exit=False))  # nobody tells the stand-in
        span = tracer.start_span("GET", kind=CLIENT)
        assert not isinstance(span, LightSpan)
        assert request.trace == span.get_span_context()
        span.end()
        provider.get_tracer(REDIS).start_span("GET", kind=CLIENT).end()
    assert request.calls == {"external": 2, "cache": 1}


def test_a_light_span_around_one_of_a_provider_that_was_set_meanwhile_counts_once(tracing):
    with in_request() as request, tracing.tracer(HTTPX).start_as_current_span("GET", kind=CLIENT):
        tracing.provide()
        tracing.tracer(REDIS).start_span("GET", kind=CLIENT).end()
    assert request.calls == {"external": 1}


def test_one_that_is_gone_again_leaves_light_spans(tracing):
    tracing.provide()
    tracer = tracing.tracer(HTTPX)
    with in_request() as request:
        assert not isinstance(tracer.start_span("GET", kind=CLIENT), LightSpan)
        set_provider(None)
        assert isinstance(tracer.start_span("GET", kind=CLIENT), LightSpan)
    assert request.calls == {"external": 2}


def test_each_of_two_is_seen_once(tracing):
    tracer = tracing.tracer(HTTPX)
    with in_request() as request:
        first = tracing.provide()
        for _ in range(2):
            tracing.stand_in.refresh()
            tracing.stand_in.watch(first)
            tracer.start_span("first", kind=CLIENT).end()
        second = tracing.provide()
        tracer.start_span("second", kind=CLIENT).end()
        first.get_tracer(REDIS).start_span("GET", kind=CLIENT).end()
        second.get_tracer(REDIS).start_span("GET", kind=CLIENT).end()
    assert request.calls == {"external": 3, "cache": 2}
    made_by = {name: span.resource for name, span in tracing.exported().items()}
    assert made_by["first"] is first.resource
    assert made_by["second"] is second.resource
    assert first.resource is not second.resource


def test_it_is_given_the_processor_once(tracing):
    given = []

    class Counting(TracerProvider):
        def add_span_processor(self, span_processor):
            given.append(span_processor)
            super().add_span_processor(span_processor)

    provider = Counting(shutdown_on_exit=False)
    set_provider(provider)
    for _ in range(3):
        tracing.stand_in.acquire()
        tracing.tracer(HTTPX).start_span("GET", kind=CLIENT).end()
        tracing.stand_in.release()
    assert given == [tracing.stand_in.processor]


def test_it_is_seen_as_long_as_one_application_wants_it(tracing):
    provider = tracing.provide()
    tracing.stand_in.acquire()
    tracing.stand_in.release()
    with in_request() as request:
        provider.get_tracer(HTTPX).start_span("GET", kind=CLIENT).end()
    assert request.calls == {"external": 1}


def test_one_that_takes_no_processor_is_an_error_of_ours_at_most(tracing):
    class Refusing(TracerProvider):
        def add_span_processor(self, _):
            raise RuntimeError("no")

    set_provider(Refusing(shutdown_on_exit=False))
    with in_request(), tracing.tracer(HTTPX).start_as_current_span("GET", kind=CLIENT) as span:
        assert span.is_recording()
    tracing.recorded.expected_errors = 1


def test_one_that_cannot_be_remembered_is_an_error_of_ours_at_most(tracing):
    class Slotted(NoOpTracerProvider):
        __hash__ = None  # type: ignore[assignment]  # as a class with an __eq__ has it

        def add_span_processor(self, _):
            pass

    set_provider(Slotted())
    with in_request(), tracing.tracer(HTTPX).start_as_current_span("GET", kind=CLIENT):
        pass
    tracing.recorded.expected_errors = 1


# With one that drops spans


DROPPING = [ALWAYS_OFF, TraceIdRatioBased(0), ParentBased(ALWAYS_OFF)]


@pytest.mark.parametrize("sampler", DROPPING, ids=["off", "ratio", "parent"])
def test_the_breakdown_goes_on_where_spans_are_dropped(tracing, sampler):
    provider = tracing.provide(sampler)
    with in_request() as request, provider.get_tracer("server").start_as_current_span("GET /", kind=SpanKind.SERVER):
        for scope in HTTPX, REDIS:
            with tracing.tracer(scope).start_as_current_span("call", kind=CLIENT) as span:
                assert isinstance(span, LightSpan)
        with (
            tracing.tracer(OPENAI).start_as_current_span("chat", kind=CLIENT, attributes=CHAT),
            tracing.tracer(HTTPX).start_as_current_span("POST", kind=CLIENT),
        ):
            pass
    assert request.calls == {"external": 1, "cache": 1, "gen_ai": 1}
    assert (request.server_span, request.trace) == (None, None)
    assert tracing.recorded.counts(MODEL_DURATION) == {("chat", "openai", "gpt-x", "", ""): 1}
    assert tracing.exported() == {}


def test_what_is_sent_on_below_a_dropped_server_span_is_its_trace_unsampled(tracing):
    provider = tracing.provide(ALWAYS_OFF)
    with (
        in_request(),
        provider.get_tracer("server").start_as_current_span("GET /", kind=SpanKind.SERVER) as server,
        tracing.tracer(HTTPX).start_as_current_span("GET", kind=CLIENT),
    ):
        trace_id, _, sampled = sent_on()
    assert (trace_id, sampled) == (server.get_span_context().trace_id, False)


def test_a_dropped_span_has_a_own_its_own(tracing):
    tracing.provide(ALWAYS_OFF)
    with in_request():
        span = tracing.tracer(HTTPX).start_span("GET", kind=CLIENT)
        own = span.get_span_context()
        assert isinstance(span, LightSpan)
        assert own.is_valid
        assert not own.trace_flags.sampled
        with trace.use_span(span, end_on_exit=True):
            assert sent_on() == (own.trace_id, own.span_id, False)


def test_a_decision_not_to_sample_is_sent_on_from_the_root(tracing):
    tracing.provide(ALWAYS_OFF)
    with in_request(), tracing.tracer(HTTPX).start_as_current_span("GET", kind=CLIENT) as span:
        own = span.get_span_context()
        assert sent_on() == (own.trace_id, own.span_id, False)


def test_a_decision_not_to_sample_is_sent_on_from_below_a_sampled_span(tracing):
    provider = tracing.provide(DroppingClients())
    with (
        in_request(),
        provider.get_tracer("server").start_as_current_span("GET /", kind=SpanKind.SERVER) as server,
        tracing.tracer(HTTPX).start_as_current_span("GET", kind=CLIENT),
    ):
        trace_id, _, sampled = sent_on()
    assert (trace_id, sampled) == (server.get_span_context().trace_id, False)


def test_what_is_dropped_outside_of_requests_costs_nothing(tracing):
    tracing.provide(ALWAYS_OFF)
    with tracing.tracer(HTTPX).start_as_current_span("GET", kind=CLIENT) as span:
        assert type(span) is NonRecordingSpan
        own = span.get_span_context()
        assert sent_on() == (own.trace_id, own.span_id, False)


# The global provider


def test_the_global_provider_is_what_is_set(tracing):
    assert global_provider() is None
    provider = tracing.provide()
    assert global_provider() is provider


def test_should_opentelemetry_keep_it_elsewhere_it_is_asked(tracing, monkeypatch):
    monkeypatch.setattr(module, "_VARIABLE", "_TRACER_PROVIDER_OF_TOMORROW")
    assert global_provider() is None
    provider = tracing.provide()
    assert global_provider() is provider


def test_the_provider_that_the_environment_names_is_loaded_with_the_first_application(tracing, monkeypatch):
    monkeypatch.setenv("OTEL_PYTHON_TRACER_PROVIDER", "sdk_tracer_provider")
    assert global_provider() is None
    tracing.stand_in.acquire()
    tracing.stand_in.release()
    provider = global_provider()
    assert isinstance(provider, TracerProvider)
    with in_request() as request:
        provider.get_tracer(HTTPX).start_span("GET", kind=CLIENT).end()
    assert request.calls == {"external": 1}
    provider.shutdown()
