"""The breakdown's metrics of one application: what each component had of its requests, by route."""

from __future__ import annotations

from collections.abc import Callable
from time import time
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanContext

from apivitals import catalog
from apivitals.families import Exemplar
from apivitals.store import Histogram, HistogramSeries, Store

if TYPE_CHECKING:
    from apivitals.http.exchange import Exchange

Record = Callable[["Exchange"], None]


def exemplar_of(trace: SpanContext, value: float) -> Exemplar:
    """Name the trace that `value` was observed in."""
    return Exemplar(f"{trace.trace_id:032x}", f"{trace.span_id:016x}", value, time())


class ComponentMeter:
    """Keeps the series of each method, route, priority and set of the user's labels by component."""

    def __init__(self, store: Store, extra_labels: tuple[str, ...]) -> None:
        self._duration = store.histogram(catalog.breakdown.COMPONENT_DURATION, extra_labels)
        self._calls = store.histogram(catalog.breakdown.COMPONENT_CALLS, extra_labels)

    def recorder(self, route: tuple[str, str, str], extra: tuple[str, ...]) -> Record:
        """Make what records the requests of a method, route and priority, with the user's labels."""
        durations: dict[str, HistogramSeries] = {}
        calls: dict[str, HistogramSeries] = {}

        def bound(histogram: Histogram, kept: dict[str, HistogramSeries], component: str) -> HistogramSeries:
            labels = (*route, component, *extra)
            series = histogram.bind(labels)
            if histogram.holds(labels):  # what is past the limit is bound, and counted, each time
                kept[component] = series
            return series

        def record(exchange: Exchange) -> None:
            timeline = exchange.timeline
            if timeline is None:
                return
            trace = timeline.trace
            for component, seconds in timeline.seconds.items():
                series = durations.get(component) or bound(self._duration, durations, component)
                series.observe(seconds, exemplar_of(trace, seconds) if trace is not None else None)
            for component, count in timeline.calls.items():
                series = calls.get(component) or bound(self._calls, calls, component)
                series.observe(count)

        return record
