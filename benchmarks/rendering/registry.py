"""The peer of a scrape: prometheus-client's own metrics, holding what a text says."""

from collections.abc import Iterable
from itertools import groupby
from math import inf

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def families_in(text: str, prefixes: tuple[str, ...]) -> list[Metric]:
    """Return the families of a Prometheus text whose names begin with one of the prefixes."""
    return [family for family in text_string_to_metric_families(text) if family.name.startswith(prefixes)]


def openmetrics_families_in(text: str, prefixes: tuple[str, ...]) -> list[Metric]:
    """Return the same of an OpenMetrics text."""
    families = parse_openmetrics(text)  # type: ignore[no-untyped-call]  # prometheus-client's own gap
    return [family for family in families if family.name.startswith(prefixes)]


def samples_of(families: Iterable[Metric]) -> Samples:
    """Return the values of the families by name and labels; bucket bounds as numbers, for 1 and 1.0 are the same."""
    return {
        (sample.name, frozenset(_canonical(sample.labels).items())): sample.value
        for family in families
        for sample in family.samples
    }


def registry_of(families: Iterable[Metric]) -> CollectorRegistry:
    """Make a registry with metrics of the same names, labels, bounds and values.

    The values are put where prometheus-client keeps them: observations that add up to the very same floating-point
    sums cannot be had.
    """
    registry = CollectorRegistry(auto_describe=False)
    for family in families:
        if family.type == "histogram":
            _add_histogram(registry, family)
        elif family.type == "gauge":
            names = tuple(family.samples[0].labels)
            gauge = Gauge(family.name, family.documentation, names, registry=registry)
            for sample in family.samples:
                gauge.labels(**sample.labels).set(sample.value)
        else:
            raise ValueError(f"{family.name}: no peer is made for a {family.type}")
    return registry


def _add_histogram(registry: CollectorRegistry, family: Metric) -> None:
    series = [(dict(labels), list(samples)) for labels, samples in groupby(family.samples, _series_key)]
    bounds = [float(sample.labels["le"]) for sample in series[0][1] if sample.name.endswith("_bucket")]
    histogram = Histogram(
        family.name, family.documentation, tuple(series[0][0]), buckets=bounds or (inf,), registry=registry
    )
    for labels, samples in series:
        child = histogram.labels(**labels)
        buckets = [sample.value for sample in samples if sample.name.endswith("_bucket")]
        for own, value, below in zip(child._buckets, buckets, [0.0, *buckets], strict=False):  # noqa: SLF001 - see above
            own.set(value - below)
        child._sum.set(next(sample.value for sample in samples if sample.name.endswith("_sum")))  # noqa: SLF001 - see above


def _series_key(sample: Sample) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in sample.labels.items() if name != "le")


def _canonical(labels: dict[str, str]) -> dict[str, str]:
    return {name: str(float(value)) if name == "le" else value for name, value in labels.items()}
