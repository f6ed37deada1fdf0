"""Metric families with their values: what stores and sources yield and exporters print.

This stands below `store` and `sources`, which make families, and `export`, which reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from apivitals.catalog import Metric

OVERFLOW_LABEL = "otel_metric_overflow"


class Exemplar(NamedTuple):
    """One observation with the trace it belongs to. Ids are lower-case hexadecimal; `timestamp` is Unix seconds."""

    trace_id: str
    span_id: str
    value: float
    timestamp: float


class Number(NamedTuple):
    """A counter's or gauge's value. `labels` is None for the series that takes what is past the limit."""

    labels: tuple[str, ...] | None
    value: float


class Distribution(NamedTuple):
    """A histogram's state: observations per bucket, not cumulative, the last one above every bound; and their sum."""

    labels: tuple[str, ...] | None
    counts: Sequence[float]
    sum: float
    exemplars: Mapping[int, Exemplar]


@dataclass(frozen=True)
class Family:
    """One metric with its points, which are read as they are iterated. `bounds` are upper bounds, inclusive."""

    metric: Metric
    label_names: tuple[str, ...]
    points: Iterable[Number | Distribution]
    bounds: tuple[float, ...] = ()


def joined(families: Iterable[Family]) -> Iterator[Family]:
    """Put the points of families of one metric, with the same labels and bounds, into one family each."""
    by_metric: dict[Metric, list[Family]] = {}
    for family in families:
        by_metric.setdefault(family.metric, []).append(family)
    for same in by_metric.values():
        first = same[0]
        points = first.points if len(same) == 1 else [point for family in same for point in family.points]
        yield Family(first.metric, first.label_names, points, first.bounds)
