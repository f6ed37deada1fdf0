"""The HTTP metrics of one application: what an exchange or a WebSocket session is recorded into."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from time import time
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanContext

from apivitals import catalog
from apivitals.breakdown.exemplar import exemplar
from apivitals.http.annotation import annotate
from apivitals.http.components import ComponentMeter
from apivitals.http.exchange import Exchange
from apivitals.http.in_flight import InFlight, known_method, known_scheme
from apivitals.http.labels import ExtraLabels
from apivitals.http.priority import priority_of
from apivitals.http.queue import QueueMeter
from apivitals.route_pattern import fits
from apivitals.store import Backend, HistogramSeries, Observing, Store

if TYPE_CHECKING:
    from apivitals.errors import ErrorLog
    from apivitals.settings import Settings

Record = Callable[[Exchange], None]
Key = tuple[str, str, int, str, str, tuple[str, ...]]


def _ignore(_: Exchange) -> None:
    """Record nothing: the route is excluded."""


def recorder(
    duration: HistogramSeries,
    first_byte: HistogramSeries,
    received: HistogramSeries,
    sent: HistogramSeries,
    *,
    also: tuple[Record, ...] = (),
) -> Record:
    """Make the function that records one request into four histograms, then `also` the rest.

    It is `HistogramSeries.observe` four times over, written out: one lock instead of four, and closure cells instead
    of attributes, which together halve its cost (`python -m benchmarks.overhead`).
    """
    lock = duration._lock  # noqa: SLF001  # the store's one lock, shared by its series
    bounds, cells, start, total = duration.bounds, duration.cells, duration.start, duration.sum_index
    first_cells, first_start, first_total = first_byte.cells, first_byte.start, first_byte.sum_index
    size_bounds = received.bounds
    received_cells, received_start, received_total = received.cells, received.start, received.sum_index
    sent_cells, sent_start, sent_total = sent.cells, sent.start, sent.sum_index

    def record(exchange: Exchange) -> None:
        started = exchange.started
        seconds = exchange.ended - started
        request_bytes, response_bytes = exchange.request_bytes, exchange.response_bytes
        with lock:
            cells[start + bisect_left(bounds, seconds)] += 1.0
            cells[total] += seconds
            received_cells[received_start + bisect_left(size_bounds, request_bytes)] += 1.0
            received_cells[received_total] += request_bytes
            sent_cells[sent_start + bisect_left(size_bounds, response_bytes)] += 1.0
            sent_cells[sent_total] += response_bytes
            if exchange.first_byte is not None:
                seconds = exchange.first_byte - started
                first_cells[first_start + bisect_left(bounds, seconds)] += 1.0
                first_cells[first_total] += seconds
        timeline = exchange.timeline
        if timeline is not None and timeline.trace is not None:
            attach_exemplars(exchange, timeline.trace, duration, first_byte)
        for one in also:
            one(exchange)

    return record


def observing_recorder(
    duration: Observing, first_byte: Observing, received: Observing, sent: Observing, *, also: tuple[Record, ...] = ()
) -> Record:
    """Make the same for series of any backend."""

    def record(exchange: Exchange) -> None:
        timeline = exchange.timeline
        trace = None if timeline is None else timeline.trace
        seconds = exchange.ended - exchange.started
        duration.observe(seconds, None if trace is None else exemplar(trace, seconds))
        received.observe(exchange.request_bytes)
        sent.observe(exchange.response_bytes)
        if exchange.first_byte is not None:
            seconds = exchange.first_byte - exchange.started
            first_byte.observe(seconds, None if trace is None else exemplar(trace, seconds))
        for one in also:
            one(exchange)

    return record


def attach_exemplars(
    exchange: Exchange, trace: SpanContext, duration: HistogramSeries, first_byte: HistogramSeries
) -> None:
    """Leave the request's trace in the buckets of its response time and latency."""
    now = time()
    seconds = exchange.ended - exchange.started
    if duration.wants_exemplar(seconds, now):
        duration.attach(seconds, exemplar(trace, seconds))
    if exchange.first_byte is not None:
        seconds = exchange.first_byte - exchange.started
        if first_byte.wants_exemplar(seconds, now):
            first_byte.attach(seconds, exemplar(trace, seconds))


class HttpMeter:
    """Finds the series of a request by method, route, status, scheme, error and the user's labels, and keeps them."""

    def __init__(self, backend: Backend, settings: Settings, extra: ExtraLabels, errors: ErrorLog) -> None:
        self._settings = settings
        self._extra = extra
        self.errors = errors
        self.in_flight = InFlight(settings, extra.fixed_names, extra.fixed)
        self.active = self.in_flight.exchanges
        seconds, sizes = settings.duration_bounds_seconds, settings.size_bounds_bytes
        self._duration = backend.histogram(catalog.http.REQUEST_DURATION, extra.names, seconds)
        self._first_byte = backend.histogram(catalog.http.TIME_TO_FIRST_BYTE, extra.names, seconds)
        self._received = backend.histogram(catalog.http.REQUEST_BODY_SIZE, extra.names, sizes)
        self._sent = backend.histogram(catalog.http.RESPONSE_BODY_SIZE, extra.names, sizes)
        self.breakdown = settings.breakdown
        self._components = ComponentMeter(backend, extra.names) if settings.breakdown else None
        self.queue = QueueMeter(backend, extra.names) if settings.trust_queue_header else None
        self._records: dict[Key, Record] = {}
        if isinstance(backend, Store):
            backend.when_moved(self._forget)

    def _forget(self) -> None:
        """Make every recorder anew, since they know where the cells were."""
        if self._components is not None:
            self._components.forget()
        self._records = {}  # not cleared: what is being bound to the old cells now is kept where nobody looks

    def record(self, exchange: Exchange, error_type: str) -> None:
        """Record an exchange that has ended; an error in here is ours and stays here."""
        scope = exchange.scope
        extra = self._extra
        try:
            key = (
                scope["method"],
                exchange.route,
                exchange.status,
                scope.get("scheme", "http"),
                error_type,
                extra.values(scope, exchange.response_headers) if extra.varying else extra.fixed,
            )
            record = self._records.get(key)
            if record is None:
                record = self._bind(key, exchange.endpoint)
            record(exchange)
        except Exception as error:  # noqa: BLE001  # telemetry never breaks a request
            self.errors.caught("record", error)

    def _bind(self, key: Key, endpoint: object) -> Record:
        """Find or make the series for a key that is new.

        It is kept under the key unless the key can be had without end: invented methods and schemes, and label sets
        past the limit, come this way each time.
        """
        settings, records = self._settings, self._records
        raw_method, route, status, raw_scheme, error_type, extra = key
        method, scheme = known_method(raw_method), known_scheme(raw_scheme)
        if any(fits(pattern, method, route) for pattern in settings.excluded_routes):
            record: Record = _ignore
            bounded = True
        else:
            priority = priority_of(method, route, endpoint, settings.priorities, settings.default_priority)
            self.in_flight.note(method, scheme, route, priority)
            labels = (method, route, str(status) if status else "", scheme, error_type, priority, *extra)
            histograms = self._duration, self._first_byte, self._received, self._sent
            series = tuple(histogram.bind(labels) for histogram in histograms)
            also = tuple(self._also(method, route, priority, extra))
            of_store = tuple(one for one in series if isinstance(one, HistogramSeries))
            record = recorder(*of_store, also=also) if of_store else observing_recorder(*series, also=also)
            if method == "HEAD":
                record = _without_body(record)
            bounded = self._duration.holds(labels)
        if bounded and method == raw_method and scheme == raw_scheme:
            records[key] = record
        return record

    def _also(self, method: str, route: str, priority: str, extra: tuple[str, ...]) -> Iterator[Record]:
        """What else is recorded of a request; by its route, whatever its status."""
        if self._components is not None:
            yield self._components.recorder((method, route, priority), extra)
        if self.queue is not None:
            yield self.queue.recorder((method, route, priority, *extra))

    def annotate(self, exchange: Exchange) -> None:
        """Put the breakdown on the server span, which is about to end."""
        try:
            annotate(exchange)
        except Exception as error:  # noqa: BLE001  # telemetry never breaks a request
            self.errors.caught("tracing", error)


def _without_body(record: Record) -> Record:
    """Count no response bytes: the body that an application gives to HEAD is dropped by the server."""

    def record_headers(exchange: Exchange) -> None:
        exchange.response_bytes = 0
        record(exchange)

    return record_headers
