"""The breakdown's metrics of one application: what each component had of its requests, by route."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from time import time
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanContext

from apivitals import catalog
from apivitals.breakdown.exemplar import exemplar
from apivitals.store import Backend, Histogram, HistogramSeries, Instrument, Observing

if TYPE_CHECKING:
    from apivitals.http.exchange import Exchange

Record = Callable[["Exchange"], None]
_KEPT = 10_000
Place = tuple["memoryview[float]", int, int, HistogramSeries]


class ComponentMeter:
    """Records the breakdown of the requests of each method, route, priority and set of the user's labels."""

    def __init__(self, backend: Backend, extra_labels: tuple[str, ...]) -> None:
        self._duration = backend.histogram(catalog.breakdown.COMPONENT_DURATION, extra_labels)
        self._calls = backend.histogram(catalog.breakdown.COMPONENT_CALLS, extra_labels)
        self._recorders: dict[tuple[str, ...], Record] = {}

    def recorder(self, route: tuple[str, str, str], extra: tuple[str, ...]) -> Record:
        """Return what records the requests of a method, route and priority, with the user's labels; of any status."""
        record = self._recorders.get(route + extra)
        if record is None:
            record = self._make_recorder(route, extra)
            if len(self._recorders) < _KEPT:
                self._recorders[route + extra] = record
        return record

    def forget(self) -> None:
        """Make every recorder anew, since they know where the cells were."""
        self._recorders.clear()

    def _make_recorder(self, route: tuple[str, str, str], extra: tuple[str, ...]) -> Record:
        if isinstance(self._duration, Histogram) and isinstance(self._calls, Histogram):
            return _recorder_in_store(self._duration, self._calls, route, extra)
        return _recorder(_Components(self._duration, route, extra), _Components(self._calls, route, extra))


class _Components(dict[str, Observing]):
    """One route's series by component, bound when they are first asked for."""

    def __init__(self, histogram: Instrument[Observing], route: tuple[str, ...], extra: tuple[str, ...]) -> None:
        self._histogram = histogram
        self._route = route
        self._extra = extra

    def __missing__(self, component: str) -> Observing:
        labels = (*self._route, component, *self._extra)
        series = self._histogram.bind(labels)
        if self._histogram.holds(labels):  # what is past the limit is bound, and counted, each time
            self[component] = series
        return series

    def observe(self, values: Mapping[str, float], trace: SpanContext | None = None) -> None:
        for component, value in values.items():
            self[component].observe(value, None if trace is None else exemplar(trace, value))


def _recorder(durations: _Components, calls: _Components) -> Record:
    def record(exchange: Exchange) -> None:
        timeline = exchange.timeline
        if timeline is not None:
            durations.observe(timeline.seconds, timeline.trace)
            calls.observe(timeline.calls)

    return record


class _Places(dict[str, Place]):
    """One route's series by component in our own store, as where they write."""

    def __init__(self, histogram: Histogram, route: tuple[str, ...], extra: tuple[str, ...]) -> None:
        self._histogram = histogram
        self._route = route
        self._extra = extra

    def __missing__(self, component: str) -> Place:
        labels = (*self._route, component, *self._extra)
        series = self._histogram.bind(labels)
        place = series.cells, series.start, series.sum_index, series
        if self._histogram.holds(labels):
            self[component] = place
        return place


def _recorder_in_store(
    durations: Histogram, calls: Histogram, route: tuple[str, ...], extra: tuple[str, ...]
) -> Record:
    """Make the same for our own store: `observe` for every component, written out under one lock.

    As in `apivitals.http.meter`, it halves what the recording costs.
    """
    bounds, call_bounds = durations.bounds, calls.bounds
    lock = durations._lock  # noqa: SLF001  # the store's one lock, shared by its series
    duration_places, call_places = _Places(durations, route, extra), _Places(calls, route, extra)

    def record(exchange: Exchange) -> None:
        timeline = exchange.timeline
        if timeline is None:
            return
        trace = timeline.trace
        now = 0.0 if trace is None else time()
        with lock:
            for component, seconds in timeline.seconds.items():
                cells, start, total, series = duration_places[component]
                cells[start + bisect_left(bounds, seconds)] += 1.0
                cells[total] += seconds
                if trace is not None and series.wants_exemplar(seconds, now):
                    series.attach(seconds, exemplar(trace, seconds))
            for component, count in timeline.calls.items():
                cells, start, total, _ = call_places[component]
                cells[start + bisect_left(call_bounds, count)] += 1.0
                cells[total] += count

    return record
