"""What sees every span that an SDK records, and makes intervals of them."""

from __future__ import annotations

from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import SpanContext, SpanKind, StatusCode
from opentelemetry.util.types import Attributes

from apivitals.bounded import OTHER
from apivitals.breakdown.components import GEN_AI
from apivitals.breakdown.current import RequestTimeline
from apivitals.operations.meter import OPERATIONS
from apivitals.tracing.classification import exit_component, is_final, settled_component
from apivitals.tracing.light_span import ERROR_TYPE
from apivitals.tracing.place import Place, find_place

_FIRST_SWEEP = 256


class BreakdownProcessor(SpanProcessor):
    """Opens an interval when an exit starts, and closes it when it ends; finds each request's server span.

    What is open is kept by span id: `on_end` is given a copy of the span, and a child may be started in a thread that
    knows nothing but its parent's context. What is never ended goes once its request has ended, in a sweep that each
    doubling of their number makes.
    """

    def __init__(self) -> None:
        self.active = False
        """Off, nothing is done: a provider cannot be told to forget a processor."""
        self._places: dict[int, Place] = {}
        self._sweep_at = _FIRST_SWEEP

    def place_of(self, context: SpanContext | None) -> Place | None:
        """Return the place of a span that has not ended."""
        return None if context is None else self._places.get(context.span_id)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002  # the span knows it
        """Find the span's place."""
        if not self.active:
            return
        try:
            self._start(span)
        except Exception as error:  # noqa: BLE001  # telemetry never breaks a user's call
            OPERATIONS.errors.caught("tracing", error)

    def on_end(self, span: ReadableSpan) -> None:
        """Close its interval."""
        try:
            context = span.context
            place = None if context is None else self._places.pop(context.span_id, None)
            if self.active:
                self._end(span, context, place)
        except Exception as error:  # noqa: BLE001  # telemetry never breaks a user's call
            OPERATIONS.errors.caught("tracing", error)

    def _start(self, span: Span) -> None:
        kind, scope_name = span.kind, _scope_name(span)
        component = settled_component(kind, scope_name)
        final = component is not None
        if component is None:
            attributes = _copied(span.attributes)
            component = exit_component(kind, attributes, scope_name)
            final = is_final(component, attributes)
        place = find_place(self.place_of(span.parent), component, scope_name, span.name)
        if place is None:
            return
        place.final = final
        if len(self._places) >= self._sweep_at:
            self._sweep()
        context = span.get_span_context()
        self._places[context.span_id] = place
        request = place.request
        if request is not None and (request.trace is None or kind is SpanKind.SERVER):
            _note_trace(request, span, context, is_server_span=kind is SpanKind.SERVER and place.inside is request)

    def _end(self, span: ReadableSpan, context: SpanContext | None, place: Place | None) -> None:
        if place is not None and place.final:
            place.end()
            return
        kind, scope_name = span.kind, _scope_name(span)
        if place is None and (kind is not SpanKind.CLIENT or settled_component(kind, scope_name) is not None):
            return
        attributes = _copied(span.attributes)
        component = exit_component(kind, attributes, scope_name)
        if place is not None:
            place.end(component)
        if component == GEN_AI:
            place = place or Place(None)  # only its attributes have told what it is
            seconds = ((span.end_time or 0) - (span.start_time or 0)) / 1e9
            sampled = context if context is not None and context.trace_flags.sampled else None
            place.record_model_call(attributes, seconds, _error_type(span, attributes), sampled)

    def _sweep(self) -> None:
        """Drop the places of requests that have ended."""
        for span_id, place in list(self._places.items()):
            if place.request is None or place.request.ended is not None:
                self._places.pop(span_id, None)
        self._sweep_at = max(_FIRST_SWEEP, 2 * len(self._places))


def _note_trace(request: RequestTimeline, span: Span, context: SpanContext, *, is_server_span: bool) -> None:
    """Keep the request's server span, the first, and the trace that exemplars point to."""
    if request.ended is not None:
        return
    is_first = is_server_span and request.server_span is None
    if is_first:
        request.server_span = span
    if context.trace_flags.sampled and (is_first or request.trace is None):
        request.trace = context


def _copied(attributes: Attributes) -> dict[str, Any]:
    """Copy a span's attributes, each look-up in which takes the SDK's lock."""
    if not attributes:
        return {}
    copy = getattr(attributes, "copy", None)
    return dict(attributes) if copy is None else copy()


def _scope_name(span: ReadableSpan) -> str:
    scope = span.instrumentation_scope
    return "" if scope is None else scope.name


def _error_type(span: ReadableSpan, attributes: dict[str, Any]) -> str:
    said = attributes.get(ERROR_TYPE)
    if said or span.status.status_code is not StatusCode.ERROR:
        return str(said or "")
    raised = [event.attributes for event in span.events if event.name == "exception" and event.attributes]
    return str(raised[-1].get("exception.type", OTHER)) if raised else OTHER
