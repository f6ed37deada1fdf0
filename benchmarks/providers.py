"""OpenTelemetry SDK providers that record everything and send it nowhere."""

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import SpanKind


class CountingProcessor(SpanProcessor):
    """Counts the server spans that end, and keeps none."""

    def __init__(self) -> None:
        self.server_spans = 0

    def on_end(self, span: ReadableSpan) -> None:
        """Count the span."""
        if span.kind is SpanKind.SERVER:
            self.server_spans += 1


def metered(reader: InMemoryMetricReader, instrument: str) -> int:
    """Return the count of a histogram, over all its attributes."""
    data = reader.get_metrics_data()
    return sum(
        point.count
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == instrument
        for point in metric.data.data_points
        if isinstance(point, HistogramDataPoint)
    )


def in_memory_metrics() -> tuple[MeterProvider, InMemoryMetricReader]:
    """Return a meter provider and the reader that holds what it records."""
    reader = InMemoryMetricReader()
    return MeterProvider(metric_readers=[reader]), reader
