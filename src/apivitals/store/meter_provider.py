"""The second backend: a user's own OpenTelemetry meter provider, so that its readers, views and exporters apply."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from math import isfinite
from typing import TypeVar

from opentelemetry.context import Context
from opentelemetry.metrics import Meter, MeterProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from apivitals.catalog import Kind, Metric
from apivitals.errors import ErrorLog
from apivitals.families import Exemplar
from apivitals.store.table import Labels, Lock, SeriesTable
from apivitals.version import __version__

Attributes = dict[str, str | int | bool]
Record = Callable[[float, Attributes, Context | None], None]  # an OpenTelemetry instrument's `add` or `record`

_OVERFLOW = "otel.metric.overflow"
# The semantic conventions have a number here. As a label in Prometheus it is the same text.
_INTEGERS = frozenset({"http.response.status_code", "process.pid"})
_TRACES_KEPT = 64


def meter_of(meter_provider: MeterProvider) -> Meter:
    """Return the provider's meter for us."""
    return meter_provider.get_meter("apivitals", __version__)


def declaration(metric: Metric) -> tuple[str, str, str]:
    """Return name, unit and description of a metric's instrument, such that Prometheus gets the metric's own name.

    A ratio has no unit: Prometheus' OTLP receiver would add `_ratio` for it, which opentelemetry-exporter-prometheus
    does not.
    """
    name = f"{metric.name}.info" if metric.kind is Kind.INFO else metric.name
    return name, "" if metric.unit == "1" else metric.unit, metric.help


def attribute_names(metric: Metric, label_names: Labels) -> Labels:
    """Return `label_names` with the metric's own, which come first, as OpenTelemetry spells them."""
    return metric.attributes[: len(label_names)] + label_names[len(metric.attributes) :]


def attributes_of(names: Iterable[str], labels: Labels | None) -> Attributes:
    """Name the label values; None is the overflow series. What is empty is left out, in Prometheus the same."""
    if labels is None:
        return {_OVERFLOW: True}
    return {
        name: int(value) if name in _INTEGERS and value.isdecimal() else value
        for name, value in zip(names, labels, strict=True)
        if value
    }


class AddingSeries:
    """One label set of a counter or of an up-down counter.

    It is there from the start, with 0, as in the store: a rate sees the first increase only after an earlier sample.
    """

    __slots__ = ("_add", "_attributes", "_errors")

    def __init__(self, add: Record, attributes: Attributes, errors: ErrorLog) -> None:
        self._add = add
        self._attributes = attributes
        self._errors = errors
        self.add(0.0)

    def add(self, amount: float = 1.0) -> None:
        """Count `amount` more."""
        try:
            self._add(amount, self._attributes, None)
        except Exception as error:  # noqa: BLE001  # the user's provider or view, on the request path
            self._errors.caught("record", error)


class ObservingSeries:
    """One label set of a histogram."""

    __slots__ = ("_attributes", "_errors", "_record")

    def __init__(self, record: Record, attributes: Attributes, errors: ErrorLog) -> None:
        self._record = record
        self._attributes = attributes
        self._errors = errors

    def observe(self, value: float, exemplar: Exemplar | None = None) -> None:
        """Record `value`, unless it is NaN, or infinite, which the SDK refuses with a warning each time.

        The SDK makes its own exemplars, of the span in the current context. Only where `exemplar` names another, as
        for a request that is recorded when its span has ended, does the SDK get to see that one instead.
        """
        if not isfinite(value):
            return
        try:
            context = None if exemplar is None else _context_of(exemplar.trace_id, exemplar.span_id)
            self._record(value, self._attributes, context)
        except Exception as error:  # noqa: BLE001  # the user's provider or view, on the request path
            self._errors.caught("record", error)


@lru_cache(_TRACES_KEPT)  # a request is observed by ten histograms, and those are its exemplars
def _context_of(trace_id: str, span_id: str) -> Context:
    sampled = TraceFlags(TraceFlags.SAMPLED)
    span = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=sampled)
    return set_span_in_context(NonRecordingSpan(span), Context())


_Series = TypeVar("_Series", AddingSeries, ObservingSeries)


class _Instrument(SeriesTable[_Series]):
    """An OpenTelemetry instrument with the attributes that it was bound to, which are made once.

    The limit is ours: the SDK has none.
    """

    def __init__(  # noqa: PLR0913  # the backend fills these in
        self,
        metric: Metric,
        extra_labels: Labels,
        lock: Lock,
        series_limit: int,
        *,
        make: Callable[[Record, Attributes, ErrorLog], _Series],
        record: Record,
        errors: ErrorLog,
    ) -> None:
        super().__init__(metric, metric.label_names + extra_labels, lock, series_limit)
        self._attribute_names = metric.attributes + extra_labels
        self._make_series: Callable[[Record, Attributes, ErrorLog], _Series] = make
        self._record = record
        self._errors = errors

    def _make(self, labels: Labels | None) -> _Series:
        return self._make_series(self._record, attributes_of(self._attribute_names, labels), self._errors)


class MeterProviderBackend:
    """Makes instruments of a meter provider, as the catalog declares them, and records through them.

    An application that is instrumented again, and a second one with the same provider, get the same instruments from
    the SDK. If their bounds differ, the first ones stay, and the SDK logs it. What the provider or a view raises is
    noted in `errors`.

    The SDK's locks are not re-entrant: nothing may be recorded by a `gc.callbacks` hook, which may find its own thread
    holding one.
    """

    def __init__(self, meter_provider: MeterProvider, series_limit: int, errors: ErrorLog) -> None:
        self._meter = meter_of(meter_provider)
        self._series_limit = series_limit
        self._errors = errors
        self._lock = Lock()
        self._instruments: list[_Instrument[AddingSeries] | _Instrument[ObservingSeries]] = []

    def counter(self, metric: Metric, extra_labels: Labels = ()) -> _Instrument[AddingSeries]:
        """Make the counter that `metric` declares, with `extra_labels` after its own."""
        return self._made(metric, extra_labels, AddingSeries, self._meter.create_counter(*declaration(metric)).add)

    def gauge(self, metric: Metric, extra_labels: Labels = ()) -> _Instrument[AddingSeries]:
        """Make the gauge that `metric` declares: an up-down counter, whose changes are what is recorded."""
        return self._made(
            metric, extra_labels, AddingSeries, self._meter.create_up_down_counter(*declaration(metric)).add
        )

    def histogram(
        self, metric: Metric, extra_labels: Labels = (), bounds: tuple[float, ...] | None = None
    ) -> _Instrument[ObservingSeries]:
        """Make the histogram that `metric` declares, with other `bounds` if given: advice that a view may overrule."""
        histogram = self._meter.create_histogram(
            *declaration(metric), explicit_bucket_boundaries_advisory=metric.bounds if bounds is None else bounds
        )
        return self._made(metric, extra_labels, ObservingSeries, histogram.record)

    def instruments(self) -> tuple[_Instrument[AddingSeries] | _Instrument[ObservingSeries], ...]:
        """All instruments, in the order they were made."""
        return tuple(self._instruments)

    def _made(
        self,
        metric: Metric,
        extra_labels: Labels,
        make: Callable[[Record, Attributes, ErrorLog], _Series],
        record: Record,
    ) -> _Instrument[_Series]:
        instrument = _Instrument(
            metric, extra_labels, self._lock, self._series_limit, make=make, record=record, errors=self._errors
        )
        self._instruments.append(instrument)
        return instrument
