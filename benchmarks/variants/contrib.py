"""opentelemetry-instrumentation-fastapi with its defaults: spans (also for send and receive) and metrics.

The spans go to a processor that exports nothing, which is cheaper than any real one.
"""

from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider

from benchmarks.client import Client
from benchmarks.providers import CountingProcessor, in_memory_metrics, metered
from benchmarks.subject import Subject, build_app


def build(routes: int) -> Subject:
    """Make the app with opentelemetry-instrumentation-fastapi."""
    app = build_app(routes)
    meter_provider, reader = in_memory_metrics()
    processor = CountingProcessor()
    tracer_provider = TracerProvider()
    tracer_provider.add_span_processor(processor)
    FastAPIInstrumentor.instrument_app(app, tracer_provider=tracer_provider, meter_provider=meter_provider)

    async def counted(_client: Client) -> int:
        # Half instrumented is not instrumented: both signals must have seen the requests.
        return min(processor.server_spans, metered(reader, "http.server.duration"))

    return Subject(app, counted)
