"""A metric's series by their label values, bounded."""

from __future__ import annotations

import threading
from abc import abstractmethod
from typing import Generic, TypeVar

from apivitals.catalog import Metric

Labels = tuple[str, ...]
# Re-entrant: since CPython 3.12 the garbage collector may run between any two calls, so a `gc.callbacks` hook or a
# signal handler that observes something can find its own thread holding the lock.
Lock = threading.RLock

_Series = TypeVar("_Series")


class SeriesTable(Generic[_Series]):
    """What every instrument is, whatever its series are: what is past the limit shares one overflow series."""

    def __init__(self, metric: Metric, label_names: Labels, lock: Lock, series_limit: int) -> None:
        self.metric = metric
        self.label_names = label_names
        self._lock = lock
        self._limit = series_limit
        self._series: dict[Labels, _Series] = {}
        self._overflow: _Series | None = None
        self._dropped = 0

    @abstractmethod
    def _make(self, labels: Labels | None) -> _Series:
        """Make a series; None is the overflow series."""

    @property
    def dropped(self) -> int:
        """How many times the overflow series was bound."""
        return self._dropped

    def _drop(self) -> None:
        self._dropped += 1

    def __len__(self) -> int:
        return len(self._series)

    def bind(self, labels: Labels) -> _Series:
        """Return the series for these label values, in the order of `label_names`; made at the first call.

        Past the series limit it is the overflow series, each time counted in `dropped`.
        """
        series = self._series.get(labels)
        if series is not None:
            return series
        with self._lock:
            series = self._series.get(labels)
            if series is None:
                if len(self._series) >= self._limit:
                    self._drop()
                    if self._overflow is None:
                        self._overflow = self._make(None)
                    return self._overflow
                series = self._series[labels] = self._make(labels)
            return series

    def holds(self, labels: Labels) -> bool:
        """Whether these label values have a series of their own."""
        return labels in self._series
