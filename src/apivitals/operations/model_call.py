"""What is known of one call to an AI model, from the user or from a span, and the metrics that it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from apivitals.families import Exemplar
from apivitals.operations.meter import OPERATIONS

# OpenTelemetry's GenAI attributes, the newest name first
# https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/
OPERATION, PROVIDER, MODEL = "gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"
INPUT_TOKENS, OUTPUT_TOKENS = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
FIRST_CHUNK, FEATURE = "gen_ai.response.time_to_first_chunk", "apivitals.feature"
_PROVIDERS = (PROVIDER, "gen_ai.system")
_MODELS = (MODEL, "gen_ai.response.model")
_INPUTS = (INPUT_TOKENS, "gen_ai.usage.prompt_tokens")
_OUTPUTS = (OUTPUT_TOKENS, "gen_ai.usage.completion_tokens")

Exemplars = Callable[[float], Exemplar | None]


def no_exemplar(_: float) -> None:
    """Return none: there is no trace."""


class ModelCall(NamedTuple):
    """One call. Texts are empty, and numbers None, where nothing is known."""

    operation: str = ""
    provider: str = ""
    model: str = ""
    feature: str = ""
    input_tokens: float | None = None
    output_tokens: float | None = None
    first_chunk_seconds: float | None = None
    """Time to the first chunk of a streamed answer."""

    def completed(self, other: ModelCall) -> ModelCall:
        """Return it with what only the other one knows."""
        return ModelCall(
            self.operation or other.operation,
            self.provider or other.provider,
            self.model or other.model,
            self.feature or other.feature,
            _known(self.input_tokens, other.input_tokens),
            _known(self.output_tokens, other.output_tokens),
            _known(self.first_chunk_seconds, other.first_chunk_seconds),
        )

    def plus(self, other: ModelCall) -> ModelCall:
        """Return it with the other one's tokens added, and with what else only the other one knows."""
        return self.completed(other)._replace(
            input_tokens=_sum(self.input_tokens, other.input_tokens),
            output_tokens=_sum(self.output_tokens, other.output_tokens),
        )

    def record(self, seconds: float, error_type: str, exemplar: Exemplars = no_exemplar) -> None:
        """Record the call, which took that long."""
        labels = self.operation, self.provider, self.model, self.feature, error_type
        OPERATIONS.model_durations[labels].observe(seconds, exemplar(seconds))
        self.record_details(exemplar)

    def record_details(self, exemplar: Exemplars = no_exemplar) -> None:
        """Record what is known of it but its duration."""
        labels = self.operation, self.provider, self.model, self.feature
        if self.first_chunk_seconds is not None:
            OPERATIONS.first_chunks[labels].observe(self.first_chunk_seconds, exemplar(self.first_chunk_seconds))
        for kind, number in ("input", self.input_tokens), ("output", self.output_tokens):
            if number is not None:
                OPERATIONS.tokens[(*labels, kind)].observe(number, exemplar(number))

    def attributes(self) -> dict[str, str | float]:
        """Return it as attributes of a span."""
        known = {
            OPERATION: self.operation,
            PROVIDER: self.provider,
            MODEL: self.model,
            FEATURE: self.feature,
            INPUT_TOKENS: self.input_tokens,
            OUTPUT_TOKENS: self.output_tokens,
            FIRST_CHUNK: self.first_chunk_seconds,
        }
        return {name: value for name, value in known.items() if value is not None and value != ""}


def from_span(attributes: Mapping[str, Any]) -> ModelCall:
    """Read the attributes of a GenAI instrumentation's span, of a newer or an older one."""
    return ModelCall(
        operation=_text(attributes, (OPERATION,)),
        provider=_text(attributes, _PROVIDERS),
        model=_text(attributes, _MODELS),
        input_tokens=_number(attributes, _INPUTS),
        output_tokens=_number(attributes, _OUTPUTS),
        first_chunk_seconds=_number(attributes, (FIRST_CHUNK,)),
    )


def _text(attributes: Mapping[str, Any], names: tuple[str, ...]) -> str:
    found = (attributes.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")


def _number(attributes: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    found = (attributes.get(name) for name in names)
    numbers = (value for value in found if isinstance(value, (int, float)) and not isinstance(value, bool))
    return next((float(value) for value in numbers if value >= 0), None)


def _known(one: float | None, other: float | None) -> float | None:
    return other if one is None else one


def _sum(one: float | None, other: float | None) -> float | None:
    return one if other is None else other if one is None else one + other
