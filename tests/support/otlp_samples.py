"""OTLP metrics as the samples that Prometheus' OTLP receiver makes of them, to be set beside a metrics page.

https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from prometheus_client.utils import floatToGoString

from apivitals.catalog import Kind, label_name
from apivitals.catalog import Metric as Declared
from tests.support.exposition import Samples

Key = tuple[str, frozenset[tuple[str, str]]]


def pushed(metrics: Iterable[Metric]) -> dict[Key, float]:
    """Return the samples' values by name and labels; of what was pushed twice, the last."""
    return {(name, frozenset(labels.items())): value for metric in metrics for name, labels, value in _samples(metric)}


def scraped(page: Samples) -> dict[Key, float]:
    """Return the page's in the same form. An empty label is no label, in Prometheus."""
    return {
        (sample.name, frozenset((name, value) for name, value in sample.labels.items() if value)): sample.value
        for sample in page
    }


def _samples(metric: Metric) -> Iterator[tuple[str, dict[str, str], float]]:
    kind = {"sum": Kind.COUNTER, "gauge": Kind.GAUGE, "histogram": Kind.HISTOGRAM}[str(metric.WhichOneof("data"))]
    name = Declared(metric.name, kind, metric.unit, "").exposed
    if kind is Kind.GAUGE and metric.unit == "1":
        name += "_ratio"
    if kind is Kind.HISTOGRAM:
        for point in metric.histogram.data_points:
            labels = _labels(point.attributes)
            bounds = [*map(floatToGoString, point.explicit_bounds), "+Inf"]
            for bound, count in zip(bounds, accumulate(point.bucket_counts), strict=True):
                yield f"{name}_bucket", {**labels, "le": bound}, float(count)
            yield f"{name}_sum", labels, point.sum
            yield f"{name}_count", labels, float(point.count)
    else:
        data: Any = metric.sum if kind is Kind.COUNTER else metric.gauge
        for point in data.data_points:
            yield name, _labels(point.attributes), point.as_double


def _labels(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {label_name(attribute.key): _text(attribute.value) for attribute in attributes}


def _text(value: Any) -> str:
    if value.WhichOneof("value") == "bool_value":
        return "true" if value.bool_value else "false"
    return str(value.string_value)
