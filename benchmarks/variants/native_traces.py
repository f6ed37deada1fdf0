"""FastAPI's own traces, with its operation spans as by default: on as soon as a global tracer provider is set."""

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from benchmarks.client import Client
from benchmarks.providers import CountingProcessor
from benchmarks.subject import Subject, build_app


def build(routes: int) -> Subject:
    """Make the app in a process with a tracer provider that exports nothing."""
    processor = CountingProcessor()
    provider = TracerProvider()
    provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)

    async def counted(_client: Client) -> int:
        return processor.server_spans

    return Subject(build_app(routes), counted)
