"""What is done for requests besides answering them: cache look-ups, calls to AI models, media and other operations."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.catalog import gen_ai, label_name, operation
from apivitals.slo.outcome import FAILURE
from apivitals.slo.promql import Select, bucket, count, total
from apivitals.slo.rule import Recording
from apivitals.slo.series import (
    AI_CALLS,
    AI_FAILURE_RATIO,
    AI_FAILURES,
    AI_FIRST_CHUNK,
    AI_SECONDS,
    AI_TOKENS,
    CACHE_HITS,
    CACHE_LOOKUPS,
    COMPONENT,
    ITEMS,
    ITEMS_PER_SECOND_OF_WORK,
    JOB_LABEL,
    OPERATION_FAILURE_RATIO,
    OPERATIONS,
)

CACHE, RESULT = label_name(operation.CACHE), label_name(operation.RESULT)
PROVIDER, MODEL, TOKEN_TYPE = map(label_name, (gen_ai.PROVIDER, gen_ai.MODEL, gen_ai.TOKEN_TYPE))
_OF_MODEL = f"{JOB_LABEL}, {PROVIDER}, {MODEL}"
_OF_OPERATION = f"{JOB_LABEL}, {label_name(operation.NAME)}, {COMPONENT}"


def cache_rules(select: Select) -> Iterator[Recording]:
    """Yield look-ups per second, and the share of them that hit, of each cache."""
    by = f"{JOB_LABEL}, {CACHE}"
    yield Recording(CACHE_LOOKUPS, f"sum by ({by}) (rate({select(operation.CACHE_REQUESTS, over='5m')}))")
    hit = select(operation.CACHE_REQUESTS, f'{RESULT}="hit"', over="5m")
    hits = f"sum by ({by}) (rate({hit}))"
    lookups = select(CACHE_LOOKUPS)
    yield Recording(CACHE_HITS, f"({hits} or 0 * {lookups}) / ({lookups} > 0)")


def gen_ai_rules(select: Select) -> Iterator[Recording]:
    """Yield calls, failures, times and tokens of each model."""
    calls = count(gen_ai.OPERATION_DURATION)
    yield Recording(AI_CALLS, f"sum by ({_OF_MODEL}) (rate({select(calls, over='5m')}))")
    failed = f"sum by ({_OF_MODEL}) (rate({select(calls, FAILURE, over='5m')}))"
    yield Recording(AI_FAILURES, f"{failed}\nor\n0 * {select(AI_CALLS)}")
    yield Recording(AI_FAILURE_RATIO, f"{select(AI_FAILURES)} / ({select(AI_CALLS)} > 0)")
    for record, metric in ((AI_SECONDS, gen_ai.OPERATION_DURATION), (AI_FIRST_CHUNK, gen_ai.TIME_TO_FIRST_CHUNK)):
        buckets = f"sum by ({_OF_MODEL}, le) (rate({select(bucket(metric), over='5m')}))"
        yield Recording(record, f"histogram_quantile(0.95, {buckets}) >= 0")
    tokens = select(total(gen_ai.TOKEN_USAGE), over="5m")
    yield Recording(AI_TOKENS, f"sum by ({_OF_MODEL}, {TOKEN_TYPE}) (rate({tokens}))")


def media_rules(select: Select) -> Iterator[Recording]:
    """Yield how many operations and items (frames, documents) were worked on, and how fast."""
    done = count(operation.OPERATION_DURATION)
    yield Recording(OPERATIONS, f"sum by ({_OF_OPERATION}) (rate({select(done, over='5m')}))")
    failed = f"sum by ({_OF_OPERATION}) (rate({select(done, FAILURE, over='5m')}))"
    every = select(OPERATIONS)
    yield Recording(OPERATION_FAILURE_RATIO, f"({failed} or 0 * {every}) / ({every} > 0)")
    yield Recording(ITEMS, f"sum by ({_OF_OPERATION}) (rate({select(operation.OPERATION_ITEMS, over='5m')}))")
    seconds = f"sum by ({_OF_OPERATION}) (rate({select(total(operation.OPERATION_DURATION), over='5m')}))"
    yield Recording(ITEMS_PER_SECOND_OF_WORK, f"{select(ITEMS)} / ({seconds} > 0)")
