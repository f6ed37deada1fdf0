"""The tracer provider that is handed to the instrumentations of libraries.

It asks OpenTelemetry's global provider first, at every span, so tracing that is set up at any later time takes over.
Where that has none, or does not sample the span, a light span of ours times the call all the same.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import Any
from weakref import WeakSet

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind, Tracer, TracerProvider
from opentelemetry.util.types import Attributes

from apivitals.breakdown.components import CACHE, GEN_AI
from apivitals.breakdown.current import CURRENT
from apivitals.operations.meter import OPERATIONS
from apivitals.tracing.classification import component_of_scope
from apivitals.tracing.global_provider import global_provider, load_provider
from apivitals.tracing.light_span import Activation, LightSpan
from apivitals.tracing.processor import BreakdownProcessor

# Whose spans are of use outside of requests too: model calls and look-ups in caches are counted anywhere
_COUNTED_ANYWHERE = frozenset({GEN_AI, CACHE})


class StandInTracerProvider(TracerProvider):
    """One for the process; `acquire` and `release` say whether anybody wants it to do anything."""

    def __init__(self) -> None:
        self.processor = BreakdownProcessor()
        self._watched: WeakSet[Any] = WeakSet()
        self._users = 0
        self._lock = threading.Lock()

    def acquire(self) -> None:
        """Begin to see spans, for one more application."""
        with self._lock:
            self._users += 1
            self.processor.active = True
        self.refresh()

    def release(self) -> None:
        """End that for one application."""
        with self._lock:
            self._users -= 1
            self.processor.active = self._users > 0

    def refresh(self) -> None:
        """See the spans of the global provider, if one is set by now; cheap to call again."""
        load_provider()
        provider = global_provider()
        if provider is not None:
            self.watch(provider)

    def watch(self, provider: Any) -> None:
        """See what this provider records: the SDK's, or anything else that takes span processors."""
        add = getattr(provider, "add_span_processor", None)
        if add is None:
            return
        try:
            with self._lock:
                if provider in self._watched:
                    return
                self._watched.add(provider)
            add(self.processor)
        except Exception as error:  # noqa: BLE001  # a vendor's provider may refuse
            OPERATIONS.errors.caught("tracing", error)

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> Tracer:
        """Return a tracer that stands in for the global provider's."""
        scope = instrumenting_module_name, instrumenting_library_version, schema_url, attributes
        return StandInTracer(self, scope)


class StandInTracer(Tracer):
    """One instrumentation's."""

    def __init__(self, provider: StandInTracerProvider, scope: tuple[str, str | None, str | None, Attributes]) -> None:
        self._stand_in = provider
        self._processor = provider.processor
        self._scope = scope
        self._scope_name = scope[0]
        component = component_of_scope(self._scope_name)
        self._counted_anywhere = component in _COUNTED_ANYWHERE
        self._is_gen_ai = component == GEN_AI
        self._kept: tuple[TracerProvider | None, Tracer | None] = None, None

    def start_span(  # noqa: PLR0913, PLR0917  # OpenTelemetry's signature
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Any = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002  # likewise
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002  # likewise
    ) -> Span:
        """Start a span of the global provider, or a light one."""
        provider = global_provider()
        parent = trace.get_current_span(context)
        instead = parent
        if provider is not None:
            instead = self._tracer(provider).start_span(
                name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception
            )
            if instead.is_recording():
                return instead
        span_context = instead.get_span_context()
        try:
            if isinstance(parent, LightSpan):
                place = parent.place
            else:
                place = self._processor.place_of(parent.get_span_context())
            if self._counted_anywhere or place is not None or CURRENT.get() is not None:
                return LightSpan(name, kind, attributes, self._scope_name, span_context, place)
        except Exception as error:  # noqa: BLE001  # telemetry never breaks a user's call
            OPERATIONS.errors.caught("tracing", error)
        return NonRecordingSpan(span_context)

    def start_as_current_span(  # type: ignore[override]  # noqa: PLR0913, PLR0917  # OpenTelemetry's is a generator
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Any = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002  # its signature
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002  # likewise
        end_on_exit: bool = True,  # noqa: FBT001, FBT002  # likewise
    ) -> AbstractContextManager[Span]:
        """Start a span that is current in the ``with`` block; no decorator, which no instrumentation uses."""
        span = self.start_span(
            name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception
        )
        # A model call goes into OpenTelemetry's context, for one inside it to see that it is not to be counted again;
        # and so does a span that was dropped where nothing around it was, for that decision to be sent on
        if isinstance(span, LightSpan) and not self._is_gen_ai and _is_sent_on_alike(span):
            return Activation(span, end_on_exit=end_on_exit, record_exception=record_exception)
        return trace.use_span(span, end_on_exit, record_exception, set_status_on_exception)

    def _tracer(self, provider: TracerProvider) -> Tracer:
        """Return the provider's own tracer, which costs as much as a span to get."""
        kept, tracer = self._kept
        if tracer is None or kept is not provider:
            self._stand_in.watch(provider)
            tracer = provider.get_tracer(*self._scope)
            self._kept = provider, tracer
        return tracer


def _is_sent_on_alike(span: LightSpan) -> bool:
    """Whether a service that is called is told the same without it: the trace, and whether that is sampled."""
    own, around = span.get_span_context(), trace.get_current_span().get_span_context()
    return own is around or (own.trace_id == around.trace_id and own.trace_flags == around.trace_flags)


STAND_IN = StandInTracerProvider()
"""The process's."""
