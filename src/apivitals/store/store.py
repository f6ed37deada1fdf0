"""The store: all instruments of one instrumented application, in one block, under one lock."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator

from apivitals.catalog import Metric
from apivitals.families import Family
from apivitals.store.blocks import Blocks
from apivitals.store.instruments import Counter, Gauge, Histogram
from apivitals.store.table import Lock


class Store:
    """Makes instruments and reads them.

    Thread-safe. A forked child starts its counters and histograms at nothing, since what they held was observed, and
    is exposed, by the parent; gauges keep their values.
    """

    def __init__(self, series_limit: int = 10_000) -> None:
        self.lock = Lock()
        self._series_limit = series_limit
        self._blocks = Blocks()
        self._instruments: list[Counter | Gauge | Histogram] = []
        _stores.add(self)

    def counter(self, metric: Metric, extra_labels: tuple[str, ...] = ()) -> Counter:
        """Make the counter that `metric` declares, with `extra_labels` after its own."""
        instrument = Counter(metric, metric.label_names + extra_labels, self.lock, self._blocks, self._series_limit)
        self._instruments.append(instrument)
        return instrument

    def gauge(self, metric: Metric, extra_labels: tuple[str, ...] = ()) -> Gauge:
        """Make the gauge that `metric` declares, with `extra_labels` after its own."""
        instrument = Gauge(metric, metric.label_names + extra_labels, self.lock, self._blocks, self._series_limit)
        self._instruments.append(instrument)
        return instrument

    def histogram(
        self, metric: Metric, extra_labels: tuple[str, ...] = (), bounds: tuple[float, ...] | None = None
    ) -> Histogram:
        """Make the histogram that `metric` declares, with other `bounds` if given."""
        instrument = Histogram(
            metric,
            metric.label_names + extra_labels,
            self.lock,
            self._blocks,
            self._series_limit,
            bounds=metric.bounds if bounds is None else bounds,
        )
        self._instruments.append(instrument)
        return instrument

    def instruments(self) -> tuple[Counter | Gauge | Histogram, ...]:
        """All instruments, in the order they were made."""
        return tuple(self._instruments)

    def collect(self) -> Iterator[Family]:
        """Yield a family for each instrument that has a series."""
        return (instrument.family() for instrument in self.instruments() if len(instrument))

    def restart(self) -> None:
        """Start counters and histograms again at nothing."""
        for instrument in self._instruments:
            if not isinstance(instrument, Gauge):
                instrument.reset()


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
        store.restart()
    _release()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    # Fork with every lock in hand: no thread is then in the middle of an observation that the child would inherit.
    os.register_at_fork(before=_before_fork, after_in_parent=_release, after_in_child=_after_fork_in_child)
