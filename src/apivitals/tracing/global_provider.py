"""The tracer provider that the process has set, asked for at every span and every request."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.trace import NoOpTracerProvider, ProxyTracerProvider, TracerProvider

_VARIABLE = "_TRACER_PROVIDER"


def global_provider() -> TracerProvider | None:
    """Return OpenTelemetry's global tracer provider; None while none is set.

    `get_tracer_provider` looks into the environment as long as none is set, which takes a microsecond: more than all
    the rest of a span that is not wanted. The variable behind it is OpenTelemetry's own; without it, that is asked.
    """
    provider: TracerProvider | None = getattr(trace, _VARIABLE, _UNKNOWN)
    return _asked() if provider is _UNKNOWN else provider


def load_provider() -> None:
    """Have OpenTelemetry load the provider that ``OTEL_PYTHON_TRACER_PROVIDER`` names, which it does when asked."""
    trace.get_tracer_provider()


def _asked() -> TracerProvider | None:
    provider = trace.get_tracer_provider()
    return None if isinstance(provider, ProxyTracerProvider) else provider


_UNKNOWN = NoOpTracerProvider()
