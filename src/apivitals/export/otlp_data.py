"""Families as OpenTelemetry metric data, which an OTLP exporter pushes.

Whoever receives it and translates it to Prometheus gets the names, labels, bounds and values of the metrics page:
https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
"""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.sdk.metrics import Exemplar as SdkExemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.metrics.export import Metric as SdkMetric

from apivitals import catalog
from apivitals.catalog import Kind, Metric
from apivitals.families import Distribution, Exemplar, Family

_OVERFLOW = {"otel.metric.overflow": True}
_UNKNOWN_START = 0

# Totals that the system or the interpreter has kept since before us. Their start is left out: with ours, a receiver
# that works out increases would take everything since the machine's start for the first one.
_KEPT_BY_OTHERS = frozenset(
    metric
    for page in (catalog.host, catalog.container, catalog.process, catalog.gpu)
    for metric in vars(page).values()
    if isinstance(metric, Metric)
) | {catalog.runtime.GC_COLLECTIONS, catalog.runtime.GC_COLLECTED, catalog.runtime.GC_UNCOLLECTABLE}


def as_opentelemetry(family: Family, started_ns: int, now_ns: int) -> SdkMetric | None:
    """Turn a family into OpenTelemetry's, cumulative since `started_ns`; both times are Unix nanoseconds.

    None if it has no points, or is the resource itself, which OTLP carries beside the metrics.

    A gauge is a gauge, also where the semantic conventions have an UpDownCounter (`http.server.active_requests`): both
    have the same name in Prometheus, and our catalog does not say of every other one whether it adds up.
    """
    metric = family.metric
    if metric is catalog.internal.TARGET_INFO:
        return None
    dotted = dict(zip(metric.label_names, metric.attributes, strict=True))
    names = tuple(dotted.get(label, label) for label in family.label_names)  # a user's own label has no other name
    start = _UNKNOWN_START if metric in _KEPT_BY_OTHERS else started_ns
    convert = _histogram if metric.kind is Kind.HISTOGRAM else _numbers
    data = convert(family, names, start, now_ns)
    if not data.data_points:
        return None
    name = f"{metric.name}.info" if metric.kind is Kind.INFO else metric.name
    unit = "" if metric.unit == "1" else metric.unit  # which becomes `_ratio` in Prometheus' OTLP receiver
    return SdkMetric(name, metric.help, unit, data)


def _numbers(family: Family, names: tuple[str, ...], start: int, now: int) -> Sum | Gauge:
    counter = family.metric.kind is Kind.COUNTER
    points = [
        NumberDataPoint(
            attributes=_attributes(names, point.labels),
            start_time_unix_nano=start if counter else _UNKNOWN_START,
            time_unix_nano=now,
            value=point.sum if isinstance(point, Distribution) else point.value,
        )
        for point in family.points
    ]
    return Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True) if counter else Gauge(points)


def _histogram(family: Family, names: tuple[str, ...], start: int, now: int) -> Histogram:
    points = []
    for point in family.points:
        assert isinstance(point, Distribution)  # noqa: S101  # a histogram's points; tells the type checker too
        counts = [int(count) for count in point.counts]
        points.append(
            HistogramDataPoint(
                attributes=_attributes(names, point.labels),
                start_time_unix_nano=start,
                time_unix_nano=now,
                count=sum(counts),
                sum=point.sum,
                bucket_counts=counts,
                explicit_bounds=family.bounds,
                min=None,  # type: ignore[arg-type]  # left out: a store of totals does not know it
                max=None,  # type: ignore[arg-type]  # likewise
                exemplars=[_exemplar(point.exemplars[bucket]) for bucket in sorted(point.exemplars)],
            )
        )
    return Histogram(points, AggregationTemporality.CUMULATIVE)


def _attributes(names: Sequence[str], labels: Sequence[str] | None) -> dict[str, str | bool]:
    """Name the label values; an empty one says the same as an absent attribute, in Prometheus too."""
    if labels is None:
        return dict(_OVERFLOW)
    return {name: _encodable(value) for name, value in zip(names, labels, strict=True) if value}


def _encodable(value: str) -> str:
    """Replace lone surrogates, which Protocol Buffers refuse, and with them the whole attribute."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _exemplar(exemplar: Exemplar) -> SdkExemplar:
    return SdkExemplar(
        filtered_attributes={},
        value=exemplar.value,
        time_unix_nano=round(exemplar.timestamp * 1e6) * 1000,  # a float of today's date has no nanoseconds
        span_id=int(exemplar.span_id, 16),
        trace_id=int(exemplar.trace_id, 16),
    )
