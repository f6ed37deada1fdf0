"""A tracer provider that exports spans by OTLP, for a service that has set none.

A provider can be set only once in a process, and never unset. So ours stays, and what comes and goes with the
applications is the batch processor behind it.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from apivitals.export.otlp_delivery import Delivery, Ending, Outages, listening


class _Exporter(SpanExporter):
    """Hands batches to a delivery."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS if self._delivery.push(spans) else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self._delivery.close()


class _Behind(SpanProcessor):
    """The provider's one processor: passes what ends to the batch processor that there is now, if any."""

    def __init__(self) -> None:
        self.batches: BatchSpanProcessor | None = None
        self.hear: Callable[[logging.LogRecord], None] | None = None

    def on_end(self, span: ReadableSpan) -> None:
        batches = self.batches
        if batches is not None:
            listening.hear = self.hear  # the batch processor logs a full queue again and again
            try:
                batches.on_end(span)
            finally:
                listening.hear = None

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        batches = self.batches
        return batches is None or batches.force_flush(timeout_millis)


class Spans:
    """The export of one process' spans, by however many applications in it; `spans` is the one there is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._behind = _Behind()
        self._provider: Any = None
        self._delivery: Delivery | None = None
        self._holders = 0
        self._owner = 0

    def begin(self, resource: Resource, make_delivery: Callable[[], Delivery], outages: Outages) -> bool:
        """Export spans from now on, or count one more who wants it so; not if somebody else has set the provider."""
        with self._lock:
            if self._owner != os.getpid():
                self._owner, self._holders = os.getpid(), 0
            if not self._have_provider(resource):
                return False
            if not self._holders:
                self._delivery = delivery = make_delivery()
                target = delivery.target
                self._behind.hear = lambda record: outages.failed(target, record.getMessage())
                self._behind.batches = BatchSpanProcessor(_Exporter(delivery))
            self._holders += 1
            return True

    def _have_provider(self, resource: Resource) -> bool:
        if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            provider = TracerProvider(resource=resource, shutdown_on_exit=False)
            provider.add_span_processor(self._behind)
            trace.set_tracer_provider(provider)
            self._provider = provider
        return trace.get_tracer_provider() is self._provider

    def end(self) -> Ending | None:
        """Count one fewer; after the last, let a thread flush and end the export."""
        with self._lock:
            self._holders -= 1
            batches, delivery = self._behind.batches, self._delivery
            if self._holders or batches is None or delivery is None:
                return None
            self._behind.batches = self._delivery = None
        delivery.retry_no_more()
        flush: Callable[[], None] = batches.shutdown
        thread = threading.Thread(target=flush, name="apivitals-otlp-spans", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # CPython 3.12 and later start no thread at exit
            flush()
            return None
        return Ending(thread, delivery)


spans = Spans()
