"""Our sources, and the process's operations, in anybody's prometheus-client registry, without the rest of us."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import Metric

from apivitals.catalog import Kind
from apivitals.export.prometheus import number_text
from apivitals.families import OVERFLOW_LABEL, Distribution, Family
from apivitals.operations.meter import OPERATIONS
from apivitals.sources.sampler import Sampler, Source

_NEWEST_SECONDS = 1.0


class ResourceCollector:
    """A prometheus-client collector over sources of ours.

        REGISTRY.register(ResourceCollector([Host(), Process()]))

    It has no thread: a scrape takes the sample, unless the last one is less than a second old. A source that raises
    costs its own metrics and is counted in `apivitals_source_errors_total`.
    """

    def __init__(self, sources: Iterable[Source], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._sampler = Sampler(list(sources), interval_seconds=_NEWEST_SECONDS, clock=clock)
        self._clock = clock
        self._taken: float | None = None
        self._lock = threading.Lock()

    def describe(self) -> list[Metric]:
        """Name nothing in advance: what there is to see is known when it is sampled."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield prometheus-client's families."""
        with self._lock:
            if self._taken is None or self._clock() - self._taken >= _NEWEST_SECONDS:
                self._sampler.sample()
                self._taken = self._clock()
        return map(as_prometheus_client, self._sampler.collect())


class OperationsCollector:
    """A prometheus-client collector of what `track()`, `inference()` and caches have recorded in this process.

        REGISTRY.register(OperationsCollector())

    It is for workers and scripts, which have no application whose page would show it. A service that is instrumented
    shows it already, and would show it twice.
    """

    def describe(self) -> list[Metric]:
        """Name nothing in advance: what there is to see is known when it is recorded."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield prometheus-client's families."""
        return map(as_prometheus_client, OPERATIONS.collect())


def as_prometheus_client(family: Family) -> Metric:
    """Turn a family of ours into one of prometheus-client's."""
    metric = family.metric
    converted = Metric(metric.family, metric.help, metric.kind.value)
    converted.unit = metric.unit_suffix
    for point in family.points:
        labels = (
            {OVERFLOW_LABEL: "true"}
            if point.labels is None
            else dict(zip(family.label_names, point.labels, strict=True))
        )
        if isinstance(point, Distribution):
            total = 0.0
            for bound, count in zip((*map(number_text, family.bounds), "+Inf"), point.counts, strict=True):
                total += count
                converted.add_sample(f"{metric.family}_bucket", {**labels, "le": bound}, total)
            converted.add_sample(f"{metric.family}_sum", labels, point.sum)
            converted.add_sample(f"{metric.family}_count", labels, total)
        else:
            suffix = "_total" if metric.kind is Kind.COUNTER else ""
            converted.add_sample(metric.family + suffix, labels, point.value)
    return converted
