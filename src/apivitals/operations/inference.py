"""`inference()`: calls to AI models, by provider, model, operation and the feature that they are made for."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextvars import ContextVar
from time import perf_counter
from typing import Any, TypeVar, overload

from opentelemetry.trace import SpanKind, Tracer

from apivitals.breakdown.components import CACHE, GEN_AI
from apivitals.operations import cache
from apivitals.operations.checks import checked_amount
from apivitals.operations.meter import OPERATIONS
from apivitals.operations.model_call import ModelCall
from apivitals.operations.operation import Operation
from apivitals.operations.spans import OperationSpan
from apivitals.operations.uses import Uses

_Chunk = TypeVar("_Chunk")

_MOST_COMMON = ModelCall(operation="chat")
_CACHE_RESULT = "apivitals.cache.result"

_INFERENCE: ContextVar[Inference | None] = ContextVar("apivitals_inference", default=None)


def current_inference() -> Inference | None:
    """Return the outermost inference that is under way around the running code; None if there is none."""
    found = _INFERENCE.get()
    return None if found is None or found.ended else found


class _Stream:
    """Goes over an answer by whichever loop it is asked to; an instrumented SDK's can be gone over by both."""

    def __init__(self, answer: Any, arrived: Callable[[], None]) -> None:
        self._answer = answer
        self._arrived = arrived

    def __iter__(self) -> Iterator[Any]:
        for chunk in self._answer:
            self._arrived()
            yield chunk

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for chunk in self._answer:
            self._arrived()
            yield chunk


class Inference(Operation):
    """One call to a model.

    What happens inside it is a detail of it: the spans of an instrumented SDK, its HTTP requests, another
    `inference()`. They tell it what the user has not, above all the tokens, and are not recorded once more.
    """

    _is_exit = True
    _within: Inference | None = None
    _cached = False
    _recorded: ModelCall | None = None
    _told = ModelCall()

    def __init__(self, said: ModelCall) -> None:
        super().__init__(GEN_AI, GEN_AI)
        self._said = said
        # Re-entrant: the garbage collector may end a span, which is then taken, while one is taken
        self._lock = threading.RLock()

    def resume(self) -> None:
        """Let the time from here on be this call's."""
        around = current_inference()
        if around is None:
            _INFERENCE.set(self)
        elif around is not self:
            self._within = around
        super().resume()

    def produced(self) -> None:
        """Pause: a chunk is out."""
        self.first_chunk()
        self.pause()

    def tokens(self, *, input: float | None = None, output: float | None = None) -> None:  # noqa: A002  # the field's word
        """Say how many tokens were used, in all: a number that is given later replaces an earlier one."""
        try:
            if input is not None:
                self._said = self._said._replace(input_tokens=checked_amount(input, "a number of tokens"))
            if output is not None:
                self._said = self._said._replace(output_tokens=checked_amount(output, "a number of tokens"))
        except Exception as error:  # noqa: BLE001  # in the middle of the user's work, so not theirs to handle
            OPERATIONS.errors.caught("operation", error)

    def first_chunk(self) -> None:
        """Say that the first chunk of a streamed answer is here; for those after it, it does nothing."""
        if self._said.first_chunk_seconds is None:
            running = perf_counter() - self._started if self._started else 0.0
            self._said = self._said._replace(first_chunk_seconds=self._seconds + running)
            if self._within is not None:
                self._within.first_chunk()

    @overload
    def stream(self, answer: AsyncIterable[_Chunk]) -> AsyncIterable[_Chunk]: ...

    @overload
    def stream(self, answer: Iterable[_Chunk]) -> Iterable[_Chunk]: ...

    def stream(self, answer: Any) -> Any:
        """Return the chunks of a streamed answer, for the loop to go over instead of it; the first one is timed."""
        return _Stream(answer, self.first_chunk)

    def cache_hit(self) -> None:
        """Say that the answer came from a cache. No model was called, so no call is recorded."""
        self._cached = True
        self._component = CACHE
        self._look_up(cache.HIT)

    def cache_miss(self) -> None:
        """Say that a cache had no answer, so that the model is called."""
        self._look_up(cache.MISS)

    def take(self, call: ModelCall) -> None:
        """Learn what something inside this call knows; the end of a stream may come when this is over."""
        with self._lock:
            self._told = self._told.plus(call)
            recorded = self._recorded
        if recorded is not None:
            said = self._said
            recorded.completed(call)._replace(
                input_tokens=call.input_tokens if said.input_tokens is None else None,
                output_tokens=call.output_tokens if said.output_tokens is None else None,
                first_chunk_seconds=call.first_chunk_seconds if said.first_chunk_seconds is None else None,
            ).record_details(self._exemplar)

    def _call(self) -> ModelCall:
        return self._said.completed(self._told).completed(_MOST_COMMON)

    def _look_up(self, result: str) -> None:
        self.attribute(_CACHE_RESULT, result)
        feature = self._said.feature
        cache.count(f"{GEN_AI}.{feature}" if feature else GEN_AI, result)

    def _stop(self) -> None:
        if _INFERENCE.get() is self:
            _INFERENCE.set(None)
        super()._stop()

    def _record(self) -> None:
        if self._within is not None:
            self._within.take(self._said.completed(self._told))
        elif not self._cached:
            with self._lock:
                self._recorded = self._call()
            self._recorded.record(self._seconds, self._error_type, self._exemplar)

    def _start_span(self, tracer: Tracer) -> OperationSpan:
        call = self._call()
        return OperationSpan(tracer.start_span(_span_name(call), kind=SpanKind.CLIENT, attributes=call.attributes()))

    def _describe(self, span: OperationSpan) -> None:
        super()._describe(span)
        call = self._call()
        span.span.update_name(_span_name(call))
        span.span.set_attributes(call.attributes())


class inference(Uses[Inference]):  # noqa: N801  # it reads as a keyword: with inference(...): ...
    """Times a call to an AI model: as a decorator of functions of any kind, by ``with``, or by ``async with``.

        with inference(provider="openai", model="gpt-x", feature="summaries") as call:
            answer = client.ask(...)
            call.tokens(input=120, output=48)

    It makes OpenTelemetry's ``gen_ai.client`` metrics: the duration in seconds, the tokens, and for streams the time to
    the first chunk, which is that to the first item of a decorated generator, or of ``call.stream(answer)``. In a
    request its time is ``gen_ai`` in the breakdown. Around an instrumented SDK only the feature has to be said: the
    rest is in the SDK's span.

    Args:
        provider: who serves the model, as in ``gen_ai.provider.name``: openai, anthropic, aws.bedrock.
        model: the model that is asked for.
        feature: what of the service it is for.
        operation: as in ``gen_ai.operation.name``: embeddings, generate_content; ``chat`` if nothing says otherwise.

    Raises:
        TypeError: an argument is no string.
    """

    def __init__(self, *, provider: str = "", model: str = "", feature: str = "", operation: str = "") -> None:
        for name, value in ("provider", provider), ("model", model), ("feature", feature), ("operation", operation):
            if not isinstance(value, str):
                raise TypeError(f'{name} is a string, not {value!r}; leave it out or give "" if it is not known')
        self._entered = []
        self._said = ModelCall(operation, provider, model, feature)

    def _call(self) -> Inference:
        return Inference(self._said)


def _span_name(call: ModelCall) -> str:
    return f"{call.operation} {call.model}".rstrip()
