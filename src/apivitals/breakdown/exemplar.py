"""The trace that an observation belongs to."""

from __future__ import annotations

import time

from opentelemetry.trace import SpanContext, format_span_id, format_trace_id

from apivitals.families import Exemplar


def exemplar(trace: SpanContext, value: float) -> Exemplar:
    """Return an exemplar of `value` in `trace`, now."""
    return Exemplar(format_trace_id(trace.trace_id), format_span_id(trace.span_id), value, time.time())
