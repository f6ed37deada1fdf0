"""What is found out when somebody asks, in a user's own meter provider: as observable instruments.

Requests in flight, the sources' samples, versions: families of numbers, each read by its metric's instrument. What is
recorded as it happens goes through `apivitals.store.MeterProviderBackend` instead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import isfinite
from operator import add
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation, get_meter_provider

from apivitals import catalog
from apivitals.catalog import CATALOG, Kind, Metric
from apivitals.errors import ErrorLog
from apivitals.export.opentelemetry_metrics import is_unset
from apivitals.families import Distribution, Family
from apivitals.store.meter_provider import attribute_names, attributes_of, declaration, meter_of

_RECORDED = {
    catalog.breakdown.QUEUE_REJECTED,
    catalog.http.WEBSOCKET_MESSAGES,
    catalog.http.WEBSOCKET_SESSIONS,
    catalog.operation.CACHE_REQUESTS,
    catalog.operation.OPERATION_ITEMS,
    catalog.runtime.EVENT_LOOP_BLOCKED,
}
OBSERVED = tuple(
    metric
    for metric in CATALOG
    if metric.kind is not Kind.HISTOGRAM and metric not in _RECORDED and metric is not catalog.internal.TARGET_INFO
)
"""The metrics that have an observable instrument: not those recorded as it happens, nor the resource."""

# Several applications of one provider are one to its readers. These each has of its own, and they are joined; all
# others are the process's or the machine's, which each finds the same.
_JOINED: Mapping[Metric, Callable[[float, float], float]] = {
    catalog.http.ACTIVE_REQUESTS: add,
    catalog.http.OLDEST_ACTIVE_REQUEST: max,
    catalog.internal.SERIES: add,
    catalog.internal.DROPPED: add,
    catalog.internal.ERRORS: add,
    catalog.source.UP: min,
    catalog.source.AGE: max,
    catalog.source.ERRORS: add,
    catalog.source.LAST_ERROR: max,
}
_NEWEST_SECONDS = 1.0

_Point = tuple[tuple[str, str | int | bool], ...]
_Points = Mapping[_Point, float]


class Observed:
    """The families that one application's sources yield, for a meter provider's readers, between attach and detach."""

    def __init__(
        self,
        meter_provider: MeterProvider,
        sources: Iterable[Callable[[], Iterable[Family]]],
        errors: ErrorLog,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = meter_provider
        self._sources = tuple(sources)
        self._errors = errors
        self._clock = clock
        self._lock = threading.Lock()
        self._points: dict[Metric, dict[_Point, float]] = {}
        self._asked: set[Metric] = set()
        self._read_at: float | None = None
        self._shared: _Instruments | None = None

    def attach(self) -> None:
        """Let the provider's readers see the families from now on."""
        if self._shared is None:
            self._shared = _instruments_of(self._provider)
        self._shared.include(self)

    def detach(self) -> None:
        """Show them nothing any more. The instruments stay, since nothing can remove one, and are silent."""
        if self._shared is not None:
            self._shared.leave_out(self)

    def points(self, metric: Metric) -> _Points:
        """Return a metric's values by their attributes.

        The metrics of one collection are asked for one after another, and the sources are read once for all of them:
        again when a metric is asked for a second time, or what was read is older than a second.
        """
        with self._lock:
            now = self._clock()
            if self._read_at is None or metric in self._asked or now - self._read_at >= _NEWEST_SECONDS:
                self._points = self._read()
                self._read_at = now
                self._asked.clear()
            self._asked.add(metric)
            return self._points.get(metric, {})

    def _read(self) -> dict[Metric, dict[_Point, float]]:
        """Read every source; one that raises costs its own families."""
        read: dict[Metric, dict[_Point, float]] = {}
        for source in self._sources:
            try:
                for family in source():
                    read.setdefault(family.metric, {}).update(_numbers(family))
            except Exception as error:  # noqa: BLE001  # the others go on
                self._errors.caught("collect", error)
        return read


def _numbers(family: Family) -> dict[_Point, float]:
    names = attribute_names(family.metric, family.label_names)
    return {
        tuple(attributes_of(names, point.labels).items()): point.value
        for point in family.points
        if not isinstance(point, Distribution) and isfinite(point.value)  # others the SDK refuses, with a warning
    }


class _Instruments:
    """The observable instruments of one meter provider.

    The SDK keeps an instrument for good, with the callbacks that it was first made with, and ignores those of whoever
    asks for the same one again. So they are made once, and ask all applications that are attached at the time.
    """

    def __init__(self, meter_provider: MeterProvider) -> None:
        self._attached: tuple[Observed, ...] = ()
        meter = meter_of(meter_provider)
        for metric in OBSERVED:
            counts = metric.kind is Kind.COUNTER
            create = meter.create_observable_counter if counts else meter.create_observable_gauge
            name, unit, description = declaration(metric)
            create(name, [partial(self._observe, metric)], unit, description)

    def include(self, observed: Observed) -> None:
        with _attaching:
            if observed not in self._attached:
                self._attached += (observed,)

    def leave_out(self, observed: Observed) -> None:
        with _attaching:
            self._attached = tuple(one for one in self._attached if one is not observed)

    def _observe(self, metric: Metric, _: CallbackOptions) -> Iterable[Observation]:
        joined: dict[_Point, float] = {}
        join = _JOINED.get(metric)
        for observed in self._attached:
            for point, value in observed.points(metric).items():
                if point not in joined:
                    joined[point] = value
                elif join is not None:
                    joined[point] = join(joined[point], value)
        return [Observation(value, dict(point)) for point, value in joined.items()]


_attaching = threading.Lock()
_by_provider: WeakKeyDictionary[MeterProvider, _Instruments] = WeakKeyDictionary()


def _instruments_of(meter_provider: MeterProvider) -> _Instruments:
    """Find or make the instruments; those made with the API's stand-in become those of the provider that is set."""
    with _attaching:
        same, current = [meter_provider], get_meter_provider()
        if meter_provider is current or is_unset(meter_provider):
            same += [current, *filter(is_unset, _by_provider)]
        for provider in same:
            if provider in _by_provider:
                return _by_provider[provider]
        return _by_provider.setdefault(meter_provider, _Instruments(meter_provider))
