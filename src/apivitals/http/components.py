"""The breakdown's metrics of one application: what each component had of its requests, by route."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanContext

from apivitals import catalog
from apivitals.breakdown.exemplar import exemplar
from apivitals.store import Backend, Histogram, Instrument, Observing

if TYPE_CHECKING:
    from apivitals.http.exchange import Exchange

Record = Callable[["Exchange"], None]
Place = tuple["memoryview[float]", int, int]


class ComponentMeter:
    """Records the breakdown of the requests of each method, route, priority and set of the user's labels."""

    def __init__(self, backend: Backend, extra_labels: tuple[str, ...]) -> None:
        self._duration = backend.histogram(catalog.breakdown.COMPONENT_DURATION, extra_labels)
        self._calls = backend.histogram(catalog.breakdown.COMPONENT_CALLS, extra_labels)

    def recorder(self, route: tuple[str, str, str], extra: tuple[str, ...]) -> Record:
        """Make what records the requests of a method, route and priority, with the user's labels."""
        calls = _Components(self._calls, route, extra)
        if isinstance(self._duration, Histogram):
            return _recorder_in_store(self._duration, route, extra, calls)
        return _recorder(_Components(self._duration, route, extra), calls)


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


def _recorder_in_store(
    histogram: Histogram, route: tuple[str, ...], extra: tuple[str, ...], calls: _Components
) -> Record:
    """Make the same for our own store: `observe` for every component, written out under one lock.

    As in `apivitals.http.meter`, it halves what the recording costs.
    """
    bounds = histogram.bounds
    lock = histogram._lock  # noqa: SLF001  # the store's one lock, shared by its series
    found: dict[str, Place] = {}

    def bind(component: str) -> Place:
        labels = (*route, component, *extra)
        series = histogram.bind(labels)
        place = series.cells, series.start, series.sum_index
        if histogram.holds(labels):
            found[component] = place
        return place

    def record(exchange: Exchange) -> None:
        timeline = exchange.timeline
        if timeline is None:
            return
        with lock:
            for component, seconds in timeline.seconds.items():
                place = found.get(component)
                cells, start, total = bind(component) if place is None else place
                cells[start + bisect_left(bounds, seconds)] += 1.0
                cells[total] += seconds
        if timeline.calls:
            calls.observe(timeline.calls)
        trace = timeline.trace
        if trace is not None:
            for component, seconds in timeline.seconds.items():
                histogram.bind((*route, component, *extra)).attach(seconds, exemplar(trace, seconds))

    return record
