"""FastAPI's own traces, handed over in batches to an exporter that throws them away."""

from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from benchmarks.subject import Subject, build_app


class _Nowhere(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002  # it throws them away
        return SpanExportResult.SUCCESS


def build(routes: int) -> Subject:
    """Make the app in a process with a tracer provider."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(_Nowhere()))
    trace.set_tracer_provider(provider)
    return Subject(build_app(routes))
