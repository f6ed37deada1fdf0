"""Calls to AI models, with OpenTelemetry's names and bounds.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
"""

from __future__ import annotations

from apivitals.catalog.http import ERROR_TYPE
from apivitals.catalog.metric import Kind, Metric

OPERATION, PROVIDER, MODEL = "gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"
TOKEN_TYPE, FEATURE = "gen_ai.token.type", "feature"

_CALL = (OPERATION, PROVIDER, MODEL, FEATURE)
_DURATION_BOUNDS_SECONDS = tuple(0.01 * 2**n for n in range(14))
_FIRST_CHUNK_BOUNDS_SECONDS = (
    0.001,
    0.005,
    0.01,
    0.02,
    0.04,
    0.06,
    0.08,
    0.1,
    0.25,
    0.5,
    0.75,
    1.0,
    2.5,
    5.0,
    7.5,
    10.0,
)
_TOKEN_BOUNDS = tuple(float(4**n) for n in range(14))

OPERATION_DURATION = Metric(
    "gen_ai.client.operation.duration",
    Kind.HISTOGRAM,
    "s",
    "Duration of a call to an AI model, by provider, model, operation and the feature that made it.",
    (*_CALL, ERROR_TYPE),
    _DURATION_BOUNDS_SECONDS,
)
TIME_TO_FIRST_CHUNK = Metric(
    "gen_ai.client.operation.time_to_first_chunk",
    Kind.HISTOGRAM,
    "s",
    "Time from a call to an AI model to the first chunk of its streamed answer.",
    _CALL,
    _FIRST_CHUNK_BOUNDS_SECONDS,
)
TOKEN_USAGE = Metric(
    "gen_ai.client.token.usage",
    Kind.HISTOGRAM,
    "{token}",
    "Tokens of one call to an AI model, by type: input or output.",
    (*_CALL, TOKEN_TYPE),
    _TOKEN_BOUNDS,
)
