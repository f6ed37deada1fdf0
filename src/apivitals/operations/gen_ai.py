"""Calls to AI models that a GenAI instrumentation has made spans of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import SpanContext

from apivitals.breakdown.exemplar import exemplar
from apivitals.operations.inference import Inference
from apivitals.operations.model_call import from_span, no_exemplar


def record_span(
    attributes: Mapping[str, Any],
    seconds: float,
    error_type: str,
    *,
    inference: Inference | None = None,
    trace: SpanContext | None = None,
) -> None:
    """Record the span of a call to an AI model, or tell the `inference()` that it is a part of.

    That records the call itself, and takes of the span the tokens, and whatever the user has not said.

    Args:
        attributes: the span's, when it has ended.
        seconds: its duration.
        error_type: its ``error.type``, empty if it has not failed.
        inference: what `current_inference` returned when it began: a stream's span may end when that is over.
        trace: what an exemplar points to: the span, if it is sampled.
    """
    call = from_span(attributes)
    if inference is not None:
        inference.take(call)
    else:
        call.record(seconds, error_type, no_exemplar if trace is None else lambda value: exemplar(trace, value))
