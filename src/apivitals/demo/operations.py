"""The tracked operations between two scrapes, and how the caches did."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from apivitals.demo.between import Between
from apivitals.demo.histogram import quantile

DURATION = "apivitals_operation_duration_seconds"
ITEMS = "apivitals_operation_items_total"
CACHE = "apivitals_cache_requests_total"


class Operation(NamedTuple):
    """What ``track()`` was given: a name, and the component that it belongs to."""

    name: str
    component: str


@dataclass
class OperationVitals:
    """The numbers of one operation."""

    runs_per_second: float = 0.0
    duration_p95_seconds: float = math.nan
    items_per_second: float = 0.0
    failures_per_second: dict[str, float] = field(default_factory=dict)
    """By ``error.type``; only those that occurred."""


@dataclass
class CacheVitals:
    """The look-ups in one cache."""

    hits_per_second: float = 0.0
    misses_per_second: float = 0.0

    @property
    def lookups_per_second(self) -> float:
        """Hits and misses together."""
        return self.hits_per_second + self.misses_per_second

    @property
    def hit_percent(self) -> float:
        """Hits as a share of the look-ups, in percent; NaN where there were none."""
        return 100 * self.hits_per_second / self.lookups_per_second if self.lookups_per_second else math.nan


def read_operations(between: Between) -> dict[Operation, OperationVitals]:
    """Read the numbers of every operation that the service has ever tracked."""
    found: defaultdict[Operation, OperationVitals] = defaultdict(OperationVitals)
    by_error = between.rates(f"{DURATION}_count", lambda labels: (_operation(labels), labels.get("error_type", "")))
    for (operation, error_type), rate in by_error.items():
        found[operation].runs_per_second += rate
        if error_type and rate:
            found[operation].failures_per_second[error_type] = rate
    for operation, buckets in between.buckets(DURATION, _operation).items():
        found[operation].duration_p95_seconds = quantile(0.95, buckets)
    for operation, rate in between.rates(ITEMS, _operation).items():
        found[operation].items_per_second = rate
    return dict(found)


def read_caches(between: Between) -> dict[str, CacheVitals]:
    """Read how every cache did."""
    found: defaultdict[str, CacheVitals] = defaultdict(CacheVitals)
    by_result = between.rates(CACHE, lambda labels: (labels.get("cache", ""), labels.get("result", "")))
    for (cache, result), rate in by_result.items():
        if result == "hit":
            found[cache].hits_per_second = rate
        elif result == "miss":
            found[cache].misses_per_second = rate
    return dict(found)


def _operation(labels: Mapping[str, str]) -> Operation:
    return Operation(labels.get("name", ""), labels.get("component", ""))
