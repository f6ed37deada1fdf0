"""What a worker has to find out itself, left in a file for whichever of them is scraped.

Two lines of JSON: our own families, and what others made, each with the time it was taken. They are written anew as
a whole, and a reader sees the one or the other whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from prometheus_client.metrics_core import Metric as ForeignMetric
from prometheus_client.samples import Exemplar

from apivitals.catalog import CATALOG, Metric
from apivitals.errors import ErrorLog
from apivitals.families import Family, Number

_METRICS: Mapping[str, Metric] = {metric.exposed: metric for metric in CATALOG}


class Vitals(NamedTuple):
    """Our own part: see `apivitals.export.contents.Contents`."""

    taken: float
    """Unix seconds."""
    in_flight: list[Family]
    process: list[Family]


class Foreign(NamedTuple):
    """What others made, by prometheus-client or the OpenTelemetry API."""

    taken: float
    families: list[ForeignMetric]


class Snapshot(NamedTuple):
    """One worker's."""

    vitals: Vitals
    foreign: Foreign


def write_vitals(vitals: Vitals) -> bytes:
    """Return the first line."""
    return _line([vitals.taken, _written_all(vitals.in_flight), _written_all(vitals.process)])


def write_foreign(foreign: Foreign, errors: ErrorLog) -> bytes:
    """Return the second line. A family that cannot be written costs itself."""
    families = []
    for family in foreign.families:
        try:
            families.append(_text(_written_foreign(family)))
        except Exception as error:  # noqa: BLE001  # somebody's collector may yield anything
            errors.caught("collect", error)
    return f"[{_text(foreign.taken)},[{','.join(families)}]]\n".encode()


def read(content: bytes) -> Snapshot:
    """Read both lines.

    Raises:
        ValueError: they are not as they were written.
    """
    try:
        first, second = content.splitlines()
        taken, in_flight, process = json.loads(first)
        foreign_taken, families = json.loads(second)
        return Snapshot(
            Vitals(float(taken), _families(in_flight), _families(process)),
            Foreign(float(foreign_taken), [_foreign(*family) for family in families]),
        )
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"it is damaged: {error}") from None


def write_machine(families: Iterable[Family]) -> bytes:
    """Return a file of the machine's families, which is one for all workers."""
    return _line(_written_all(families))


def read_machine(content: bytes) -> list[Family]:
    """Read them.

    Raises:
        ValueError: they are not as they were written.
    """
    try:
        return _families(json.loads(content))
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"it is damaged: {error}") from None


def _line(content: object) -> bytes:
    return _text(content).encode() + b"\n"


def _text(content: object) -> str:
    return json.dumps(content, separators=(",", ":"))


def _written(family: Family) -> list[Any]:
    numbers = [[point.labels, point.value] for point in family.points if isinstance(point, Number)]
    return [family.metric.exposed, family.label_names, numbers]


def _written_all(families: Iterable[Family]) -> list[Any]:
    return [_written(family) for family in families]


def _families(content: Iterable[Any]) -> list[Family]:
    return [_family(*family) for family in content]


def _family(exposed: str, label_names: Iterable[str], points: Iterable[tuple[Iterable[str], float]]) -> Family:
    return Family(_METRICS[exposed], tuple(label_names), [Number(tuple(labels), value) for labels, value in points])


def _written_foreign(family: ForeignMetric) -> list[Any]:
    samples = [
        [
            sample.name,
            sample.labels,
            float(sample.value),
            None if sample.timestamp is None else float(sample.timestamp),
            None if sample.exemplar is None else _written_exemplar(sample.exemplar),
        ]
        for sample in family.samples
    ]
    return [family.name, family.documentation, family.type, family.unit, samples]


def _written_exemplar(exemplar: Exemplar) -> list[Any]:
    return [exemplar.labels, float(exemplar.value), None if exemplar.timestamp is None else float(exemplar.timestamp)]


def _foreign(name: str, documentation: str, kind: str, unit: str, samples: Iterable[Any]) -> ForeignMetric:
    family = ForeignMetric(name, documentation, kind, unit)
    for sample, labels, value, timestamp, exemplar in samples:
        family.add_sample(sample, labels, value, timestamp, None if exemplar is None else Exemplar(*exemplar))
    return family
