"""`inference()` times a call to a model, once, whoever else sees it too."""

import asyncio
import inspect
import threading
from time import perf_counter

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from apivitals.operations.gen_ai import record_span
from apivitals.operations.inference import current_inference, inference
from tests.operations.recorded import DURATION, FIRST_CHUNK, MODEL_DURATION, TOKENS

pytestmark = pytest.mark.anyio

CALL = ("chat", "openai", "gpt-x", "summaries")
SAID = {"provider": "openai", "model": "gpt-x", "feature": "summaries"}
SPAN = {
    "gen_ai.operation.name": "generate_content",
    "gen_ai.provider.name": "gcp",
    "gen_ai.request.model": "gemini",
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.response.time_to_first_chunk": 0.25,
}


def pause(seconds):
    threading.Event().wait(seconds)


def sdk_span(error_type=""):
    """Do what an instrumented SDK does, as far as we see it."""
    record_span(SPAN, 0.5, error_type, inference=current_inference())


async def test_duration_and_tokens(recorded):
    began = perf_counter()
    with inference(**SAID) as call:
        pause(0.01)
        call.tokens(input=120, output=40)
        call.tokens(output=48)
    async with inference(**SAID, operation="embeddings") as call:
        call.tokens(input=0)
    durations = recorded.histogram(MODEL_DURATION)
    assert 0.009 < durations[(*CALL, "")].sum <= perf_counter() - began
    assert recorded.counts(MODEL_DURATION) == {
        (*CALL, ""): 1,
        ("embeddings", *CALL[1:], ""): 1,
    }
    assert recorded.histogram(TOKENS) == {
        (*CALL, "input"): (1, 120.0),
        (*CALL, "output"): (1, 48.0),
        ("embeddings", *CALL[1:], "input"): (1, 0.0),
    }
    assert recorded.histogram(FIRST_CHUNK) == {}
    assert recorded.counts(DURATION) == {}


class RateLimitError(Exception):
    pass


async def test_failures_of_the_provider(recorded):
    with pytest.raises(RateLimitError), inference(**SAID):
        raise RateLimitError
    with inference(**SAID) as call:
        call.error("RateLimitError")
    with inference(**SAID) as call:
        call.error(RateLimitError())
    name = f"{__name__}.RateLimitError"
    assert recorded.counts(MODEL_DURATION) == {(*CALL, name): 2, (*CALL, "RateLimitError"): 1}


async def test_numbers_that_are_none_cost_only_themselves(recorded):
    with inference(**SAID) as call:
        call.tokens(input=-1)
        call.tokens(output="many")  # type: ignore[arg-type]  # which is what is tested
        call.tokens()
    assert recorded.counts(MODEL_DURATION) == {(*CALL, ""): 1}
    assert recorded.histogram(TOKENS) == {}
    recorded.expected_errors = 2


def chunks():
    pause(0.02)
    yield "one"
    pause(0.05)
    yield "two"


async def async_chunks():
    await asyncio.sleep(0.02)
    yield "one"
    await asyncio.sleep(0.05)
    yield "two"


async def test_the_first_chunk_of_a_stream_is_timed(recorded):
    with inference(**SAID) as call:
        assert list(call.stream(chunks())) == ["one", "two"]
    with inference(**SAID) as call:
        assert [chunk async for chunk in call.stream(async_chunks())] == ["one", "two"]
    with inference(**SAID) as call:
        for _ in chunks():
            call.first_chunk()
    first = recorded.histogram(FIRST_CHUNK)[CALL]
    assert first.observations == 3
    whole = recorded.histogram(MODEL_DURATION)[(*CALL, "")].sum
    assert 0.057 < first.sum < whole - 0.145, "without the pauses before the second chunks"


async def test_functions_of_all_kinds(recorded):
    @inference(**SAID)
    def answer():
        return "answer"

    @inference(**SAID)
    async def answer_async():
        return "answer"

    assert (answer(), await answer_async()) == ("answer", "answer")
    assert list(inference(**SAID)(chunks)()) == ["one", "two"]
    assert [chunk async for chunk in inference(**SAID)(async_chunks)()] == ["one", "two"]
    assert inspect.isasyncgenfunction(inference(**SAID)(async_chunks))
    assert recorded.counts(MODEL_DURATION) == {(*CALL, ""): 4}
    first = recorded.histogram(FIRST_CHUNK)[CALL]
    assert first.observations == 2
    whole = recorded.histogram(MODEL_DURATION)[(*CALL, "")].sum
    assert 0.038 < first.sum < whole - 0.095, "without the pauses before the second chunks"


async def test_a_span_of_the_sdk_tells_what_was_not_said(recorded):
    with inference(feature="summaries"):
        sdk_span()
    call = ("generate_content", "gcp", "gemini", "summaries")
    assert recorded.counts(MODEL_DURATION) == {(*call, ""): 1}
    assert recorded.histogram(TOKENS) == {(*call, "input"): (1, 10.0), (*call, "output"): (1, 5.0)}
    assert recorded.histogram(FIRST_CHUNK) == {call: (1, 0.25)}


async def test_what_was_said_stands(recorded):
    began = perf_counter()
    with inference(**SAID, operation="chat") as call:
        call.tokens(input=7)
        call.first_chunk()
        sdk_span("TimeoutError")  # tried again, with success
    assert recorded.counts(MODEL_DURATION) == {(*CALL, ""): 1}
    assert recorded.histogram(TOKENS) == {(*CALL, "input"): (1, 7.0), (*CALL, "output"): (1, 5.0)}
    first = recorded.histogram(FIRST_CHUNK)[CALL]
    assert first.observations == 1
    assert first.sum != 0.25
    assert first.sum <= perf_counter() - began


async def test_several_spans_add_up(recorded):
    with inference(**SAID, operation="chat"):
        sdk_span()
        await asyncio.gather(*(asyncio.to_thread(sdk_span) for _ in range(3)))
    assert recorded.histogram(TOKENS) == {(*CALL, "input"): (1, 40.0), (*CALL, "output"): (1, 20.0)}


async def test_the_span_of_a_stream_may_end_when_the_call_is_over(recorded):
    with inference(**SAID) as call:
        seen = current_inference()
        call.tokens(input=7)
    assert current_inference() is None
    record_span(SPAN, 0.5, "", inference=seen)
    assert recorded.counts(MODEL_DURATION) == {(*CALL, ""): 1}
    assert recorded.histogram(TOKENS) == {(*CALL, "input"): (1, 7.0), (*CALL, "output"): (1, 5.0)}
    assert recorded.histogram(FIRST_CHUNK) == {CALL: (1, 0.25)}


async def test_one_inside_another_is_a_detail_of_it(recorded):
    @inference(provider="openai", model="gpt-x", operation="generate_content")
    def client():
        yield 1
        with inference() as call:
            call.tokens(input=5, output=3)
        yield 2

    with inference(feature="summaries", operation="chat"):
        list(client())
    assert current_inference() is None
    assert recorded.counts(MODEL_DURATION) == {(*CALL, ""): 1}
    assert recorded.histogram(TOKENS) == {(*CALL, "input"): (1, 5.0), (*CALL, "output"): (1, 3.0)}
    assert recorded.counts(FIRST_CHUNK) == {CALL: 1}


async def test_a_task_that_outlives_the_call_has_calls_of_its_own(recorded):
    proceed = asyncio.Event()

    async def later():
        await proceed.wait()
        async with inference(**SAID, operation="embeddings"):
            pass

    with inference(**SAID):
        task = asyncio.create_task(later())
    proceed.set()
    await task
    assert recorded.counts(MODEL_DURATION) == {(*CALL, ""): 1, ("embeddings", *CALL[1:], ""): 1}


async def test_the_consumer_of_a_generator_is_outside(recorded):
    @inference(**SAID)
    async def answer():
        yield current_inference()

    async for inside in answer():
        assert inside is not None
        assert current_inference() is None
        sdk_span()
    assert recorded.counts(MODEL_DURATION) == {(*CALL, ""): 1, ("generate_content", "gcp", "gemini", "", ""): 1}


async def test_a_cached_answer_is_no_call(recorded):
    with inference(**SAID) as call:
        call.cache_hit()
        sdk_span()
    assert recorded.counts(MODEL_DURATION) == {}
    assert recorded.counts(TOKENS) == {}


async def test_a_call_is_a_client_span_with_the_conventions_attributes(recorded, spans):
    with inference(provider="openai", feature="summaries") as call:
        call.cache_miss()
        call.items(2)
        sdk_span()
        call.tokens(output=48)
    span = spans()["generate_content gemini"]
    assert span.kind is SpanKind.CLIENT
    assert span.instrumentation_scope.name == "apivitals"
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gemini",
        "gen_ai.usage.input_tokens": 10.0,
        "gen_ai.usage.output_tokens": 48.0,
        "gen_ai.response.time_to_first_chunk": 0.25,
        "apivitals.feature": "summaries",
        "apivitals.cache.result": "miss",
        "apivitals.operation.items": 2.0,
    }


async def test_a_failed_calls_span(recorded, spans):
    with inference(**SAID) as call:
        call.error("rate_limit")
    span = spans()["chat gpt-x"]
    assert span.attributes["error.type"] == "rate_limit"
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "rate_limit")
