"""Endpoints that make three client spans each, as a query, a look-up and a call would, with nobody to see them."""

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

from benchmarks.subject import Subject, build_app

_CALLS = (
    ("SELECT", {"db.system.name": "postgresql"}),
    ("GET", {"db.system.name": "redis"}),
    ("POST", {"http.request.method": "POST"}),
)


def build(routes: int) -> Subject:
    """Make the app; FastAPI's own spans are not what is measured here."""
    trace.set_tracer_provider(TracerProvider())
    tracer = trace.get_tracer("benchmark")

    def calls() -> None:
        for name, attributes in _CALLS:
            with tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=attributes):
                pass

    return Subject(build_app(routes, before=calls, telemetry={"tracing": False, "metrics": False, "logs": False}))
