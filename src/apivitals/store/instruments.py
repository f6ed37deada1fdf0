"""Counters, gauges and histograms: a table of bound series each.

A series is looked up once and kept by its user; what is paid per observation is a lock and a few doubles.
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Iterator
from typing import TypeVar

from apivitals.catalog import Metric
from apivitals.families import Distribution, Exemplar, Family, Number
from apivitals.store.blocks import Blocks
from apivitals.store.table import Labels, Lock, SeriesTable

_EXEMPLAR_SECONDS = 1.0


class CounterSeries:
    """One label set of a counter."""

    __slots__ = ("_cells", "_index", "_lock")

    def __init__(self, lock: Lock, blocks: Blocks) -> None:
        self._lock = lock
        self._cells, self._index = blocks.allocate(1)

    def add(self, amount: float = 1.0) -> None:
        """Count `amount` more; it is not negative."""
        with self._lock:
            self._cells[self._index] += amount

    @property
    def value(self) -> float:
        """The total so far."""
        return self._cells[self._index]

    def reset(self) -> None:
        """Start again at nothing, as a forked child does."""
        self._cells[self._index] = 0.0


class GaugeSeries(CounterSeries):
    """One label set of a gauge, which goes both ways."""

    __slots__ = ()

    def set(self, value: float) -> None:
        """Replace the value."""
        with self._lock:
            self._cells[self._index] = value


class HistogramSeries:
    """One label set of a histogram.

    Its cells: one count for each bound, one for what is above them all, then the sum. They are open to the request
    path, which writes several histograms under one lock (see `apivitals.http.meter`).
    """

    __slots__ = ("_lock", "bounds", "cells", "exemplars", "start", "sum_index")

    def __init__(self, lock: Lock, blocks: Blocks, bounds: tuple[float, ...]) -> None:
        self._lock = lock
        self.bounds = bounds
        self.cells, self.start = blocks.allocate(len(bounds) + 2)
        self.sum_index = self.start + len(bounds) + 1
        self.exemplars: dict[int, Exemplar] | None = None

    def observe(self, value: float, exemplar: Exemplar | None = None) -> None:
        """Count `value` in its bucket, whose bound is inclusive, and add it to the sum. NaN is not a value."""
        if value != value:  # noqa: PLR0124  # the quickest test for NaN, which would poison the sum for good
            return
        bucket = bisect_left(self.bounds, value)
        cells = self.cells
        with self._lock:
            cells[self.start + bucket] += 1.0
            cells[self.sum_index] += value
            if exemplar is not None:
                if self.exemplars is None:
                    self.exemplars = {}
                self.exemplars[bucket] = exemplar

    def wants_exemplar(self, value: float, now: float) -> bool:
        """Whether the bucket of `value` has no exemplar of the second before `now`, Unix time.

        Making one costs as much as three observations, and nobody looks at more than one a scrape.
        """
        exemplars = self.exemplars
        if exemplars is None:
            return True
        held = exemplars.get(bisect_left(self.bounds, value))
        return held is None or not 0 <= now - held.timestamp < _EXEMPLAR_SECONDS

    def attach(self, value: float, exemplar: Exemplar) -> None:
        """Leave an exemplar in the bucket of `value`, which is observed elsewhere."""
        with self._lock:
            if self.exemplars is None:
                self.exemplars = {}
            self.exemplars[bisect_left(self.bounds, value)] = exemplar

    def read(self, labels: Labels | None) -> Distribution:
        """Take a consistent copy of the state, under the given labels."""
        with self._lock:
            counts = self.cells[self.start : self.sum_index].tolist()
            exemplars = dict(self.exemplars) if self.exemplars else {}
            return Distribution(labels, counts, self.cells[self.sum_index], exemplars)

    def reset(self) -> None:
        """Start again at nothing, as a forked child does."""
        self.cells[self.start : self.sum_index + 1] = memoryview(bytes(8 * (len(self.bounds) + 2))).cast("d")
        self.exemplars = None


_Series = TypeVar("_Series", CounterSeries, GaugeSeries, HistogramSeries)


class _Instrument(SeriesTable[_Series]):
    """A metric's table of series, in the store's memory."""

    def __init__(self, metric: Metric, label_names: Labels, lock: Lock, blocks: Blocks, series_limit: int) -> None:
        super().__init__(metric, label_names, lock, series_limit)
        self._blocks = blocks

    @abstractmethod
    def family(self) -> Family:
        """The metric with its series, read as they are iterated."""

    def all_series(self) -> Iterator[tuple[Labels | None, _Series]]:
        """Every series with its labels; the overflow series, last, has None."""
        with self._lock:
            snapshot: list[tuple[Labels | None, _Series]] = list(self._series.items())
        if self._overflow is not None:
            snapshot.append((None, self._overflow))
        return iter(snapshot)

    def reset(self) -> None:
        """Start every series again at nothing, and count no drops."""
        self.dropped = 0
        for _, bound in self.all_series():
            bound.reset()


class Counter(_Instrument[CounterSeries]):
    """A total that only grows."""

    def _make(self, _: Labels | None) -> CounterSeries:
        return CounterSeries(self._lock, self._blocks)

    def family(self) -> Family:
        """The counter with its totals."""
        return Family(
            self.metric, self.label_names, (Number(labels, series.value) for labels, series in self.all_series())
        )


class Gauge(_Instrument[GaugeSeries]):
    """A value that goes both ways; also OpenTelemetry's UpDownCounter."""

    def _make(self, _: Labels | None) -> GaugeSeries:
        return GaugeSeries(self._lock, self._blocks)

    def family(self) -> Family:
        """The gauge with its values."""
        return Family(
            self.metric, self.label_names, (Number(labels, series.value) for labels, series in self.all_series())
        )


class Histogram(_Instrument[HistogramSeries]):
    """A distribution over buckets with fixed, inclusive upper bounds."""

    def __init__(  # noqa: PLR0913  # the store fills these in; users call `Store.histogram`
        self,
        metric: Metric,
        label_names: Labels,
        lock: Lock,
        blocks: Blocks,
        series_limit: int,
        *,
        bounds: tuple[float, ...],
    ) -> None:
        super().__init__(metric, label_names, lock, blocks, series_limit)
        self.bounds = bounds

    def _make(self, _: Labels | None) -> HistogramSeries:
        return HistogramSeries(self._lock, self._blocks, self.bounds)

    def family(self) -> Family:
        """The histogram with its distributions."""
        points = (series.read(labels) for labels, series in self.all_series())
        return Family(self.metric, self.label_names, points, self.bounds)
