"""What one application's page has of ours, by what becomes of it when the service has several workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from apivitals import catalog
from apivitals.catalog import Metric
from apivitals.errors import ErrorLog
from apivitals.families import Family, Number, joined
from apivitals.store import Store

PROCESS_WIDE = "operations"
"""The name of the store that all applications of a process share."""

Collect = Callable[[], Iterable[Family]]


class Sized(Protocol):
    """An instrument, or what says how large it is in all workers."""

    @property
    def metric(self) -> Metric:
        """The declaration."""

    @property
    def dropped(self) -> int:
        """How many observations were past the limit."""

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Contents:
    """The parts, each read by a function that yields families."""

    errors: ErrorLog
    stores: Mapping[str, Store] = field(default_factory=dict)
    """Counters and histograms, summed over the workers that there are and were; by the name that all have for it."""
    about: Collect = tuple
    """The same in every worker."""
    in_flight: Collect = tuple
    """Summed over the workers that live, but for ages, of which the greatest counts."""
    process: Collect = tuple
    """Of each worker, with its label."""
    machine: Collect = tuple
    """Of one worker, for all."""

    def with_names(self, names: Mapping[str, str]) -> Contents:
        """Return the same with other names of stores."""
        return replace(self, stores={names.get(name, name): store for name, store in self.stores.items()})

    def of_this_process(self, *, machine: bool) -> Iterator[Family]:
        """Yield what this process counts and finds out, as if it were alone; the machine's part if it is to."""
        for store in self.stores.values():
            yield from self.read(store.collect)
        yield from self.health(list(self.stores.values()))
        yield from self.read(self.about)
        yield from self.read(self.in_flight)
        parts = (self.process, self.machine) if machine else (self.process,)
        yield from joined(family for part in parts for family in self.read(part))

    def read(self, collect: Collect) -> Iterator[Family]:
        """Yield what `collect` does; if it raises, it costs its own families."""
        try:
            yield from collect()
        except Exception as error:  # noqa: BLE001  # the page goes on without
            self.errors.caught("collect", error)

    def health(self, stores: Sequence[HasHealth]) -> Iterator[Family]:
        """Yield how many series there are and were refused, and our own errors."""
        if stores:
            counts: dict[str, float] = {}
            for store in stores:
                for operation, count in store.error_counts().items():
                    counts[operation] = counts.get(operation, 0.0) + count
            yield from health([size for store in stores for size in store.instruments()], counts)


class HasHealth(Protocol):
    """A store, or what stands for the same one in all workers."""

    def instruments(self) -> Sequence[Sized]:
        """Its instruments."""

    def error_counts(self) -> Mapping[str, float]:
        """Errors of our own by operation."""


def health(sizes: Sequence[Sized], errors: Mapping[str, float]) -> Iterator[Family]:
    """Yield how many series there are and were refused, and our own errors."""
    for metric, values in (
        (catalog.internal.SERIES, [(size.metric.exposed, float(len(size))) for size in sizes]),
        (catalog.internal.DROPPED, [(size.metric.exposed, float(size.dropped)) for size in sizes]),
        (catalog.internal.ERRORS, list(errors.items())),
    ):
        yield Family(metric, metric.label_names, [Number((label,), value) for label, value in values])
