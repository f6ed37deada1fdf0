"""Operations are recorded by the process: each test here has a store of its own, and no error of ours in it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from apivitals.breakdown.current import CURRENT, RequestTimeline
from apivitals.operations.meter import OPERATIONS
from tests.operations.recorded import Recorded


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    """Record into an empty store; an error of our own fails the test, unless it expects some."""
    taken = Recorded()
    kept, OPERATIONS.errors = OPERATIONS.errors, taken.errors
    OPERATIONS.record_through(taken.store)
    yield taken
    OPERATIONS.record_through(None)
    OPERATIONS.errors = kept
    assert sum(taken.errors.counts().values()) == taken.expected_errors


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> TracerProvider:
    """Set a global tracer provider for one test; the API can set one only for good."""
    provider = TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return provider


@pytest.fixture
def spans(provider: TracerProvider) -> Callable[[], dict[str, ReadableSpan]]:
    """Switch tracing on; return what ended, by name."""
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    def ended() -> dict[str, ReadableSpan]:
        found = exporter.get_finished_spans()
        by_name = {span.name: span for span in found}
        assert len(by_name) == len(found)
        return by_name

    return ended


@pytest.fixture
def in_request() -> Callable[[], AbstractContextManager[RequestTimeline]]:
    """Be in a request: a context manager that yields its timeline."""

    @contextmanager
    def make() -> Iterator[RequestTimeline]:
        request = RequestTimeline(perf_counter())
        token = CURRENT.set(request)
        try:
            yield request
            assert CURRENT.get() is request
        finally:
            CURRENT.reset(token)
            request.end(perf_counter())

    return make
