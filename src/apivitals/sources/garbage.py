"""The garbage collector: what it did, and how long the interpreter stood still for it."""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping

from apivitals.catalog import runtime as catalog
from apivitals.families import Family, Number
from apivitals.store import Backend

_WAITING = 10_000


class GarbageCollector:
    """Times collections by `gc.callbacks`, 0.7 µs each, and reads CPython's own counts.

    What the callback has timed is observed when the source is read. A collection begins anywhere, also in a thread
    that holds a lock of the OpenTelemetry SDK, which is not re-entrant.
    """

    name = "gc"

    def __init__(self, store: Backend, *, clock: Callable[[], float] = time.perf_counter) -> None:
        pauses = store.histogram(catalog.GC_PAUSE)
        self._pauses = [pauses.bind((str(generation),)) for generation in range(len(gc.get_stats()))]
        self._clock = clock
        self._began: float | None = None
        self._timed: deque[tuple[int, float]] = deque(maxlen=_WAITING)

    def start(self) -> None:
        """Time collections from now on."""
        if self._collected not in gc.callbacks:
            gc.callbacks.append(self._collected)

    def stop(self) -> None:
        """Time them no longer."""
        if self._collected in gc.callbacks:
            gc.callbacks.remove(self._collected)
        self._observe()

    def _collected(self, phase: str, info: Mapping[str, int]) -> None:
        if phase == "start":
            self._began = self._clock()
        elif self._began is not None:
            self._timed.append((info["generation"], self._clock() - self._began))
            self._began = None

    def _observe(self) -> None:
        for _ in range(len(self._timed)):  # not for as long as there are any: observing may lead to another one
            generation, seconds = self._timed.popleft()
            self._pauses[generation].observe(seconds)

    def collect(self) -> Iterator[Family]:
        """Yield collections, collected and uncollectable objects by generation."""
        self._observe()
        stats = gc.get_stats()
        for metric, key in (
            (catalog.GC_COLLECTIONS, "collections"),
            (catalog.GC_COLLECTED, "collected"),
            (catalog.GC_UNCOLLECTABLE, "uncollectable"),
        ):
            points = [Number((str(generation),), float(of_it[key])) for generation, of_it in enumerate(stats)]
            yield Family(metric, metric.label_names, points)
