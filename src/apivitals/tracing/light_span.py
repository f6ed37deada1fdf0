"""A span that nobody exports: it times a call for the breakdown, and is all that one without tracing pays for it.

An SDK span whose only processor is ours would do the same at five times the cost. Worse, it has a span context of its
own, which HTTP clients would send on: a service behind this one would take its unsampled flag for a decision and drop
its traces. So this span has the context of its parent, and what is sent on is what would be sent without us.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from time import perf_counter
from types import TracebackType
from typing import Any

from opentelemetry.trace import Span, SpanContext, SpanKind
from opentelemetry.trace.status import Status, StatusCode
from opentelemetry.util.types import AnyValue, Attributes

from apivitals.bounded import OTHER
from apivitals.breakdown.components import GEN_AI
from apivitals.breakdown.current import CURRENT
from apivitals.breakdown.timeline import Interval
from apivitals.exceptions import exception_name
from apivitals.operations.meter import OPERATIONS
from apivitals.tracing.classification import exit_component, is_final, settled_component
from apivitals.tracing.place import Place, find_place

ERROR_TYPE = "error.type"


class LightSpan(Span):
    """What an instrumentation takes for its span. It keeps the attributes, which say what it is a part of."""

    __slots__ = (
        "_context",
        "_error_type",
        "_recording",
        "_scope_name",
        "_started",
        "attributes",
        "kind",
        "name",
        "place",
    )

    def __init__(  # noqa: PLR0913, PLR0917  # what `start_span` was given, positional for speed
        self,
        name: str,
        kind: SpanKind,
        attributes: Attributes,
        scope_name: str,
        context: SpanContext,
        parent: Place | None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.attributes: MutableMapping[str, Any] = dict(attributes) if attributes else {}
        self._scope_name = scope_name
        self._context = context
        self._error_type = ""
        self._recording = True
        self._started = perf_counter()
        component = settled_component(kind, scope_name)
        final = component is not None
        if component is None:
            component = exit_component(kind, self.attributes, scope_name)
            final = is_final(component, self.attributes)
        self.place = place = find_place(parent, component, scope_name, name)
        if place is not None:
            place.final = final

    def end(self, end_time: int | None = None) -> None:  # noqa: ARG002  # OpenTelemetry's signature
        """Report the call, for the first time."""
        if not self._recording:
            return
        self._recording = False
        place = self.place
        if place is None:
            return
        try:
            if place.final:
                place.end()
                return
            component = exit_component(self.kind, self.attributes, self._scope_name)
            place.end(component)
            if component == GEN_AI:
                error_type = str(self.attributes.get(ERROR_TYPE) or self._error_type)
                place.record_model_call(self.attributes, perf_counter() - self._started, error_type, None)
        except Exception as error:  # noqa: BLE001  # telemetry never breaks a user's call
            OPERATIONS.errors.caught("tracing", error)

    def get_span_context(self) -> SpanContext:
        """Return the parent's: there is no such span for anybody else."""
        return self._context

    def is_recording(self) -> bool:
        """Whether it has not ended."""
        return self._recording

    def set_attributes(self, attributes: Mapping[str, AnyValue]) -> None:
        """Keep them."""
        if self._recording:
            self.attributes.update(attributes)

    def set_attribute(self, key: str, value: AnyValue) -> None:
        """Keep it."""
        if self._recording:
            self.attributes[key] = value

    def update_name(self, name: str) -> None:
        """Take another name."""
        self.name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:  # noqa: ARG002  # likewise
        """Note a failure, if nothing says which one it is."""
        code = status.status_code if isinstance(status, Status) else status
        if code is StatusCode.ERROR and not self._error_type:
            self._error_type = OTHER

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,  # noqa: ARG002  # OpenTelemetry's signature
        timestamp: int | None = None,  # noqa: ARG002  # likewise
        escaped: bool = False,  # noqa: ARG002, FBT001, FBT002  # likewise
    ) -> None:
        """Note the failure's name."""
        self._error_type = exception_name(exception)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Do nothing: nobody would see it."""

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Do nothing: nobody would see it."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, Exception):
            self.record_exception(error)
        self.end()


class Activation:
    """Makes a light span what runs inside it is in; ``with tracer.start_as_current_span(...)`` for a microsecond.

    OpenTelemetry's context stays as it is: to it, the span and its parent are the same.
    """

    __slots__ = ("_around", "_end_on_exit", "_inside", "_record_exception", "_span")

    def __init__(self, span: LightSpan, *, end_on_exit: bool, record_exception: bool) -> None:
        self._span = span
        self._end_on_exit = end_on_exit
        self._record_exception = record_exception
        self._around: Interval | None = None
        self._inside: Interval | None = None

    def __enter__(self) -> LightSpan:
        place = self._span.place
        if place is not None and place.inside is not None:
            self._around = CURRENT.get()
            self._inside = place.inside
            CURRENT.set(place.inside)
        return self._span

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._inside is not None and CURRENT.get() is self._inside:  # not where it is left in another context
            CURRENT.set(self._around)
        if self._record_exception and isinstance(error, Exception):
            self._span.record_exception(error)
        if self._end_on_exit:
            self._span.end()
