"""What `track()` and `record()` time, in a request or anywhere else, and how caches do."""

from __future__ import annotations

from apivitals.catalog.breakdown import COMPONENT
from apivitals.catalog.http import DURATION_BOUNDS_SECONDS, ERROR_TYPE
from apivitals.catalog.metric import Kind, Metric

NAME, CACHE, RESULT = "name", "cache", "result"

OPERATION_DURATION = Metric(
    "apivitals.operation.duration",
    Kind.HISTOGRAM,
    "s",
    "Duration of a tracked operation, in a request or outside of one; error.type is empty where it succeeded.",
    (NAME, COMPONENT, ERROR_TYPE),
    (*DURATION_BOUNDS_SECONDS, 30.0, 60.0, 300.0),
)
OPERATION_ITEMS = Metric(
    "apivitals.operation.items",
    Kind.COUNTER,
    "{item}",
    "Items that tracked operations have worked on: frames, rows, documents.",
    (NAME, COMPONENT),
)
CACHE_REQUESTS = Metric(
    "apivitals.cache.requests",
    Kind.COUNTER,
    "{request}",
    "Look-ups in a cache, by result: hit or miss.",
    (CACHE, RESULT),
)
