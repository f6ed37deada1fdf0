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
from apivitals.store.memory import Declaration, Memory, Place
from apivitals.store.table import Labels, Lock, SeriesTable

_EXEMPLAR_SECONDS = 1.0


class CounterSeries:
    """One label set of a counter."""

    __slots__ = ("_cells", "_index", "_lock")

    def __init__(self, lock: Lock, place: Place) -> None:
        self._lock = lock
        self._cells, self._index, _ = place

    def add(self, amount: float = 1.0) -> None:
        """Count `amount` more; it is not negative."""
        with self._lock:
            self._cells[self._index] += amount

    @property
    def value(self) -> float:
        """The total so far."""
        with self._lock:
            return self._cells[self._index]

    def move(self, place: Place, *, keep: bool) -> None:
        """Go on in other cells, from what it holds or from nothing."""
        value = self.value
        self._cells, self._index, _ = place
        if keep:
            self._cells[self._index] = value


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
    path, which writes several histograms under one lock (see `apivitals.http.meter`), and forgets where they are when
    the store moves.
    """

    __slots__ = ("_lock", "_publish", "bounds", "cells", "exemplars", "start", "sum_index")

    def __init__(self, lock: Lock, place: Place, bounds: tuple[float, ...]) -> None:
        self._lock = lock
        self.bounds = bounds
        self.exemplars: dict[int, Exemplar] | None = None
        self._take(place)

    def _take(self, place: Place) -> None:
        self.cells, self.start, self._publish = place
        self.sum_index = self.start + len(self.bounds) + 1

    def observe(self, value: float, exemplar: Exemplar | None = None) -> None:
        """Count `value` in its bucket, whose bound is inclusive, and add it to the sum. NaN is not a value."""
        if value != value:  # noqa: PLR0124  # the quickest test for NaN, which would poison the sum for good
            return
        bucket = bisect_left(self.bounds, value)
        with self._lock:
            cells = self.cells
            cells[self.start + bucket] += 1.0
            cells[self.sum_index] += value
            if exemplar is not None:
                self._keep(bucket, exemplar)

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
            self._keep(bisect_left(self.bounds, value), exemplar)

    def _keep(self, bucket: int, exemplar: Exemplar) -> None:
        if self.exemplars is None:
            self.exemplars = {}
        self.exemplars[bucket] = exemplar
        if self._publish is not None:
            self._publish(bucket, exemplar)

    def read(self, labels: Labels | None) -> Distribution:
        """Take a consistent copy of the state, under the given labels."""
        with self._lock:
            counts = self.cells[self.start : self.sum_index].tolist()
            exemplars = dict(self.exemplars) if self.exemplars else {}
            return Distribution(labels, counts, self.cells[self.sum_index], exemplars)

    def move(self, place: Place, *, keep: bool) -> None:
        """Go on in other cells, from what it holds or from nothing."""
        with self._lock:
            state = self.cells[self.start : self.sum_index + 1]
            self._take(place)
            if not keep:
                self.exemplars = None
                return
            self.cells[self.start : self.sum_index + 1] = state
            if self._publish is not None:
                for bucket, exemplar in (self.exemplars or {}).items():
                    self._publish(bucket, exemplar)


_Series = TypeVar("_Series", CounterSeries, GaugeSeries, HistogramSeries)


class _Instrument(SeriesTable[_Series]):
    """A metric's table of series, in the store's memory."""

    _kept_by_a_fork = False

    def __init__(  # noqa: PLR0913  # the store fills these in; users call its methods
        self,
        metric: Metric,
        label_names: Labels,
        lock: Lock,
        memory: Memory,
        series_limit: int,
        *,
        drops: CounterSeries | None = None,
        bounds: tuple[float, ...] = (),
    ) -> None:
        super().__init__(metric, label_names, lock, series_limit)
        self.bounds = bounds
        self.declaration = Declaration(metric.exposed, metric.kind.value, label_names, bounds)
        self._memory = memory
        self._drops = drops

    @property
    def dropped(self) -> int:
        """How many times the overflow series was bound."""
        return 0 if self._drops is None else int(self._drops.value)

    def _drop(self) -> None:
        if self._drops is not None:
            self._drops.add()

    def _place(self, labels: Labels | None) -> Place:
        return self._memory.place(self.declaration, labels)

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

    def move(self, memory: Memory, *, forked: bool) -> None:
        """Go on in other memory; a forked child's counters and histograms start again there at nothing."""
        self._memory = memory
        for labels, series in self.all_series():
            series.move(self._place(labels), keep=self._kept_by_a_fork or not forked)


class Counter(_Instrument[CounterSeries]):
    """A total that only grows."""

    def _make(self, labels: Labels | None) -> CounterSeries:
        return CounterSeries(self._lock, self._place(labels))

    def family(self) -> Family:
        """The counter with its totals."""
        return Family(
            self.metric, self.label_names, (Number(labels, series.value) for labels, series in self.all_series())
        )


class Gauge(_Instrument[GaugeSeries]):
    """A value that goes both ways; also OpenTelemetry's UpDownCounter."""

    _kept_by_a_fork = True

    def _make(self, labels: Labels | None) -> GaugeSeries:
        return GaugeSeries(self._lock, self._place(labels))

    def family(self) -> Family:
        """The gauge with its values."""
        return Family(
            self.metric, self.label_names, (Number(labels, series.value) for labels, series in self.all_series())
        )


class Histogram(_Instrument[HistogramSeries]):
    """A distribution over buckets with fixed, inclusive upper bounds."""

    def _make(self, labels: Labels | None) -> HistogramSeries:
        return HistogramSeries(self._lock, self._place(labels), self.bounds)

    def family(self) -> Family:
        """The histogram with its distributions."""
        points = (series.read(labels) for labels, series in self.all_series())
        return Family(self.metric, self.label_names, points, self.bounds)
