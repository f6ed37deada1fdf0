"""FastAPI's own metrics: on as soon as a global meter provider is set."""

from opentelemetry import metrics

from benchmarks.client import Client
from benchmarks.providers import in_memory_metrics, metered
from benchmarks.subject import Subject, build_app


def build(routes: int) -> Subject:
    """Make the app in a process with a meter provider."""
    provider, reader = in_memory_metrics()
    metrics.set_meter_provider(provider)

    async def counted(_client: Client) -> int:
        return metered(reader, "http.server.request.duration")

    return Subject(build_app(routes), counted)
