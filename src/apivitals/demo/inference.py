"""The calls to AI models between two scrapes."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from apivitals.demo.between import Between, KeyOf
from apivitals.demo.histogram import quantile

DURATION = "gen_ai_client_operation_duration_seconds"
FIRST_CHUNK = "gen_ai_client_operation_time_to_first_chunk_seconds"
TOKENS = "gen_ai_client_token_usage"


class Model(NamedTuple):
    """A model, and who offers it."""

    provider: str
    name: str


@dataclass
class Inference:
    """What one model was asked for. Times in seconds, NaN where nothing was seen."""

    calls_per_second: float = 0.0
    duration_p95_seconds: float = math.nan
    first_chunk_p95_seconds: float = math.nan
    """Of the streamed answers."""
    tokens_per_second: dict[str, float] = field(default_factory=dict)
    """By type: input, output."""
    failures_per_second: dict[str, float] = field(default_factory=dict)
    """By ``error.type``; only those that occurred."""


def read_inference(between: Between) -> dict[Model, Inference]:
    """Read what every model that the service has ever called was asked for in between."""
    found: defaultdict[Model, Inference] = defaultdict(Inference)
    for model, rate in between.rates(f"{DURATION}_count", _model).items():
        found[model].calls_per_second = rate
    for model, buckets in between.buckets(DURATION, _model).items():
        found[model].duration_p95_seconds = quantile(0.95, buckets)
    for model, buckets in between.buckets(FIRST_CHUNK, _model).items():
        found[model].first_chunk_p95_seconds = quantile(0.95, buckets)
    for (model, kind), rate in between.rates(f"{TOKENS}_sum", _model_and("gen_ai_token_type")).items():
        found[model].tokens_per_second[kind] = rate
    for (model, error_type), rate in between.rates(f"{DURATION}_count", _model_and("error_type")).items():
        if error_type and rate:
            found[model].failures_per_second[error_type] = rate
    return dict(found)


def _model_and(label: str) -> KeyOf[tuple[Model, str]]:
    return lambda labels: (_model(labels), labels.get(label, ""))


def _model(labels: Mapping[str, str]) -> Model:
    return Model(labels.get("gen_ai_provider_name", ""), labels.get("gen_ai_request_model", ""))
