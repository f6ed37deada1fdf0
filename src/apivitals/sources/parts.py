"""A source's parts: each is read for itself, so that one that cannot be read costs only itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from apivitals.catalog import Metric
from apivitals.families import Family, Number

# What a system does not have at all: /proc says so by a missing file, psutil by NotImplementedError.
_ABSENT = (FileNotFoundError, NotADirectoryError, NotImplementedError)


def read_parts(parts: Mapping[str, Callable[[], Iterable[Family]]], failures: dict[str, Exception]) -> Iterator[Family]:
    """Yield what can be read. What is absent is left out; a failure is put into `failures` by the part's name."""
    for part, families in parts.items():
        try:
            yield from list(families())
        except _ABSENT:
            continue
        except Exception as error:  # noqa: BLE001  # of a file that it does not understand, psutil raises anything
            failures[part] = error


def gauge(metric: Metric, value: float) -> Family:
    """Return a family of one number without labels."""
    return Family(metric, (), [Number((), float(value))])


def by_label(metric: Metric, values: Mapping[str, float]) -> Family:
    """Return a family with one label, and a number for each of its values."""
    return Family(metric, metric.label_names, [Number((label,), float(value)) for label, value in values.items()])
