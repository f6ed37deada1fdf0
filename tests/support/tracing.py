"""Tracing for one test: OpenTelemetry's global provider, set and unset again, and the spans that are seen in it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import perf_counter
from typing import Any, TypeVar

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler
from opentelemetry.trace import Tracer
from opentelemetry.util._once import Once

from apivitals.breakdown.current import CURRENT, RequestTimeline
from apivitals.operations.meter import OPERATIONS
from apivitals.tracing.processor import BreakdownProcessor
from apivitals.tracing.stand_in import StandInTracerProvider
from tests.operations.recorded import Recorded

Result = TypeVar("Result")

HTTPX, REDIS = "opentelemetry.instrumentation.httpx", "opentelemetry.instrumentation.redis"
SQLALCHEMY, OPENAI = "opentelemetry.instrumentation.sqlalchemy", "opentelemetry.instrumentation.genai.openai"


def set_provider(provider: Any) -> None:
    """Set OpenTelemetry's global tracer provider, which the API can for the first time only, or unset it with None."""
    vars(trace).update(_TRACER_PROVIDER=None, _TRACER_PROVIDER_SET_ONCE=Once())
    if provider is not None:
        trace.set_tracer_provider(provider)


@contextmanager
def no_provider() -> Iterator[None]:
    """Have no global tracer provider; one that is set in the block is unset again at its end."""
    kept = {name: vars(trace)[name] for name in ("_TRACER_PROVIDER", "_TRACER_PROVIDER_SET_ONCE")}
    set_provider(None)
    try:
        yield
    finally:
        vars(trace).update(kept)


class Tracing:
    """A stand-in provider of a test's own, which one application wants to see spans, and what it has recorded."""

    def __init__(self, recorded: Recorded) -> None:
        self.recorded = recorded
        self.stand_in = StandInTracerProvider()
        self.stand_in.acquire()
        self._exporter = InMemorySpanExporter()

    def provide(self, sampler: Sampler = ALWAYS_ON) -> TracerProvider:
        """Set up tracing, as the user of an instrumented application would."""
        provider = TracerProvider(sampler, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        set_provider(provider)
        self.stand_in.refresh()
        return provider

    def tracer(self, scope: str) -> Tracer:
        """Return what the instrumentation of this name gets."""
        return self.stand_in.get_tracer(scope)

    def exported(self) -> dict[str, ReadableSpan]:
        """Every span that has ended and was sampled, by its name."""
        return {span.name: span for span in self._exporter.get_finished_spans()}


@contextmanager
def tracing_of_a_test() -> Iterator[Tracing]:
    """Be without a provider, and record into an empty store; an error of ours that is not expected fails the test."""
    recorded = Recorded()
    kept, OPERATIONS.errors = OPERATIONS.errors, recorded.errors
    OPERATIONS.record_through(recorded.store)
    try:
        with no_provider():
            tracing = Tracing(recorded)
            yield tracing
            tracing.stand_in.release()
    finally:
        OPERATIONS.record_through(None)
        OPERATIONS.errors = kept
    assert sum(recorded.errors.counts().values()) == recorded.expected_errors, recorded.errors.counts()


@contextmanager
def in_request() -> Iterator[RequestTimeline]:
    """Be in a request, which ends with the block."""
    request = RequestTimeline(perf_counter())
    token = CURRENT.set(request)
    try:
        yield request
    finally:
        CURRENT.reset(token)
        request.end(perf_counter())


def response_time(request: RequestTimeline) -> float:
    """Return what the parts of a request that has ended are to add up to, in seconds."""
    assert request.ended is not None
    return request.ended - request.started


def broken(*_: Any) -> Any:
    """Fail, in the place of a function of ours."""
    raise LookupError("ours")


def in_thread(function: Callable[[], Result]) -> Result:
    """Call it in a thread that knows neither the request nor the span that it works for."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def places_kept(processor: BreakdownProcessor) -> int:
    """Return how many spans a processor holds on to, which nothing but memory shows."""
    return len(processor._places)  # noqa: SLF001  # see above
