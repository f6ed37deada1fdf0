"""Spans of operations, when tracing is on."""

from __future__ import annotations

from opentelemetry import context
from opentelemetry.context import Context
from opentelemetry.trace import (
    ProxyTracerProvider,
    Span,
    SpanContext,
    StatusCode,
    Tracer,
    TracerProvider,
    get_tracer_provider,
    set_span_in_context,
)

from apivitals.exceptions import CANCELLED
from apivitals.version import __version__

SCOPE = "apivitals"
ERROR_TYPE, COMPONENT, ITEMS = "error.type", "apivitals.operation.component", "apivitals.operation.items"


class _Tracers:
    """Keeps the tracer of the global provider: to get one costs as much as a span."""

    def __init__(self) -> None:
        self._kept: tuple[TracerProvider | None, Tracer | None] = None, None

    def tracer(self) -> Tracer | None:
        provider = get_tracer_provider()
        kept, tracer = self._kept
        if provider is not kept:
            unset = isinstance(provider, ProxyTracerProvider)
            tracer = None if unset else provider.get_tracer(SCOPE, __version__)
            self._kept = provider, tracer
        return tracer


current_tracer = _Tracers().tracer
"""Return the tracer of the global provider, whenever that was set; None while there is none."""


class OperationSpan:
    """A span that is current while its operation runs, which need not be in one stretch or in one context.

    The context is put back only where it is still the one set here. OpenTelemetry's `detach` would log an error where
    the operation ends in a copy of its context: FastAPI enters and leaves a sync dependency in two threads.
    """

    __slots__ = ("_inside", "_outside", "span")

    def __init__(self, span: Span) -> None:
        self.span = span
        self._inside: Context | None = None
        self._outside: Context | None = None

    @property
    def sampled(self) -> SpanContext | None:
        """What an exemplar can point to, if somebody is going to see the span."""
        own = self.span.get_span_context()
        return own if own.trace_flags.sampled else None

    def enter(self) -> None:
        """Make it the current span."""
        self._outside = context.get_current()
        self._inside = set_span_in_context(self.span, self._outside)
        context.attach(self._inside)

    def leave(self) -> None:
        """Make what was current before it current again."""
        if self._inside is not None and context.get_current() is self._inside and self._outside is not None:
            context.attach(self._outside)
        self._inside = self._outside = None

    def end(self, error: BaseException | None, error_type: str) -> None:
        """End it, with what went wrong. A cancellation has its `error.type`, but is no failure."""
        span = self.span
        try:
            if error_type and span.is_recording():
                span.set_attribute(ERROR_TYPE, error_type)
                if error_type != CANCELLED:
                    if isinstance(error, Exception):
                        span.record_exception(error)
                    span.set_status(StatusCode.ERROR, error_type if error is None else _described(error))
        finally:
            span.end()


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
