"""The store: all instruments of one instrumented application, in one memory, under one lock."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator, Mapping

from apivitals import catalog
from apivitals.catalog import Metric
from apivitals.families import Family
from apivitals.store.instruments import Counter, CounterSeries, Gauge, Histogram
from apivitals.store.memory import Blocks, Labels, Memory
from apivitals.store.table import Lock

_METRICS = 1000


class Store:
    """Makes instruments and reads them.

    Thread-safe. A forked child starts its counters and histograms at nothing, since what they held was observed, and
    is exposed, by the parent; gauges keep their values.
    """

    def __init__(self, series_limit: int = 10_000) -> None:
        self.lock = Lock()
        self._series_limit = series_limit
        self._memory: Memory = Blocks()
        self._moved: list[Callable[[], None]] = []
        self._instruments: list[Counter | Gauge | Histogram] = []
        self.drops = Counter(
            catalog.internal.DROPPED, catalog.internal.DROPPED.label_names, self.lock, self._memory, _METRICS
        )
        """Observations past the limit, by metric. Not among the instruments: the page shows one for all stores."""
        self.errors = Counter(
            catalog.internal.ERRORS, catalog.internal.ERRORS.label_names, self.lock, self._memory, series_limit
        )
        """Errors of our own by operation, likewise."""
        _stores.add(self)

    def counter(self, metric: Metric, extra_labels: Labels = ()) -> Counter:
        """Make the counter that `metric` declares, with `extra_labels` after its own."""
        drops = self._drops_of(metric)
        names = metric.label_names + extra_labels
        instrument = Counter(metric, names, self.lock, self._memory, self._series_limit, drops=drops)
        self._instruments.append(instrument)
        return instrument

    def gauge(self, metric: Metric, extra_labels: Labels = ()) -> Gauge:
        """Make the gauge that `metric` declares, with `extra_labels` after its own."""
        drops = self._drops_of(metric)
        names = metric.label_names + extra_labels
        instrument = Gauge(metric, names, self.lock, self._memory, self._series_limit, drops=drops)
        self._instruments.append(instrument)
        return instrument

    def histogram(
        self, metric: Metric, extra_labels: Labels = (), bounds: tuple[float, ...] | None = None
    ) -> Histogram:
        """Make the histogram that `metric` declares, with other `bounds` if given."""
        instrument = Histogram(
            metric,
            metric.label_names + extra_labels,
            self.lock,
            self._memory,
            self._series_limit,
            drops=self._drops_of(metric),
            bounds=metric.bounds if bounds is None else bounds,
        )
        self._instruments.append(instrument)
        return instrument

    def _drops_of(self, metric: Metric) -> CounterSeries:
        return self.drops.bind((metric.exposed,))

    def instruments(self) -> tuple[Counter | Gauge | Histogram, ...]:
        """All instruments, in the order they were made."""
        return tuple(self._instruments)

    def error_counts(self) -> Mapping[str, float]:
        """Errors of our own by operation."""
        return {"" if labels is None else labels[0]: series.value for labels, series in self.errors.all_series()}

    def collect(self) -> Iterator[Family]:
        """Yield a family for each instrument that has a series."""
        return (instrument.family() for instrument in self.instruments() if len(instrument))

    def when_moved(self, callback: Callable[[], None]) -> None:
        """Call `callback`, under the lock, when the series have other cells: what knew the old ones forgets them."""
        self._moved.append(callback)

    def move(self, memory: Memory, *, forked: bool = False) -> None:
        """Keep every series in `memory` from now on; in a forked child counters and histograms start at nothing."""
        with self.lock:
            self._memory = memory
            for instrument in (self.drops, self.errors, *self._instruments):
                instrument.move(memory, forked=forked)
            for callback in self._moved:
                callback()


_stores: weakref.WeakSet[Store] = weakref.WeakSet()
_forking = Lock()
_held: list[Store] = []


def _before_fork() -> None:
    _forking.acquire()
    _held.extend(_stores)
    for store in _held:
        store.lock.acquire()


def _release() -> None:
    while _held:
        _held.pop().lock.release()
    _forking.release()


def _after_fork_in_child() -> None:
    for store in _held:
        store.move(Blocks(), forked=True)
    _release()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    # Fork with every lock in hand: no thread is then in the middle of an observation that the child would inherit.
    os.register_at_fork(before=_before_fork, after_in_parent=_release, after_in_child=_after_fork_in_child)
