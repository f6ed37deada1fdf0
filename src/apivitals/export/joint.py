"""The page of a service with several workers: what all of them counted, and each of those that live found out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import TypeVar

from prometheus_client import Metric as ForeignMetric

from apivitals import catalog
from apivitals.catalog.worker import ENDED, LIVING, SNAPSHOT_AGE, WORKER
from apivitals.errors import ErrorLog
from apivitals.export import snapshot
from apivitals.export.contents import Contents
from apivitals.export.foreign import of_workers
from apivitals.export.snapshot import Snapshot
from apivitals.families import Family, Number
from apivitals.workers.directory import NotNowError, WorkersError, read_ours
from apivitals.workers.group import Census
from apivitals.workers.membership import Worker
from apivitals.workers.memory import Files
from apivitals.workers.merged import MergedStore

_T = TypeVar("_T")


class Left:
    """Reads what the workers have left for each other. A file that cannot be read is counted, and said, once.

    One that can be read later is a NotNowError.
    """

    def __init__(self, errors: ErrorLog) -> None:
        self._errors = errors
        self._skipped: set[Path] = set()

    def by(self, workers: Iterable[Files], application: int) -> dict[str, Snapshot]:
        """Return the last snapshot of each by its label; without those that have left none yet."""
        found = {str(files.slot): self._read(files.snapshot(application), snapshot.read) for files in workers}
        return {label: one for label, one in found.items() if one is not None}

    def about_the_machine(self, worker: Worker, application: int) -> list[Family]:
        """Return what was last read of the machine, by whichever worker does."""
        return self._read(worker.group.machine(application), snapshot.read_machine) or []

    def _read(self, path: Path, read: Callable[[bytes], _T]) -> _T | None:
        try:
            return read(read_ours(path))
        except FileNotFoundError:
            return None
        except NotNowError:
            raise
        except (OSError, ValueError, WorkersError) as error:
            if path not in self._skipped:
                self._skipped.add(path)
                self._errors.caught("workers", WorkersError(f"{path} is left out: {error}"))
            return None


@dataclass(frozen=True)
class Joint:
    """One scrape's view of the group, from one worker."""

    contents: Contents
    worker: Worker
    census: Census
    snapshots: Mapping[str, Snapshot]
    """Those of the other workers that live, by their labels."""
    machine: list[Family]
    """What was last read of the machine."""

    def families(self) -> Iterator[Family]:
        """Yield our own families."""
        read = self.contents.read
        readings = self.census.readings()
        merged = [MergedStore(store, name, readings) for name, store in self.contents.stores.items()]
        for store in merged:
            yield from read(store.collect)
        yield from self.contents.health(merged)
        yield from read(self.contents.about)
        others = self.snapshots.values()
        yield from in_flight([read(self.contents.in_flight), *(each.vitals.in_flight for each in others)])
        yield from self._found_out()
        yield from self._workers()

    def foreign(self, own: Iterable[ForeignMetric]) -> list[ForeignMetric]:
        """Join what others made in every worker; `own` is this worker's."""
        others = {label: each.foreign.families for label, each in self.snapshots.items()}
        return of_workers(_in_order({self.worker.label: own, **others}), WORKER)

    def _found_out(self) -> Iterator[Family]:
        """Yield every worker's process, with its label, and the machine's families without one."""
        read = self.contents.read
        processes: dict[str, Iterable[Family]] = {self.worker.label: read(self.contents.process)}
        processes |= {label: each.vitals.process for label, each in self.snapshots.items()}
        return labelled({"": self.machine, **_in_order(processes)})

    def _workers(self) -> Iterator[Family]:
        living = 1 + len(self.census.living())
        yield Family(LIVING, LIVING.label_names, [Number((), float(living))])
        yield Family(ENDED, ENDED.label_names, [Number((), float(self.census.ended))])
        now = time()
        ages = [
            Number((label, part), max(0.0, now - taken))
            for label, each in _in_order(self.snapshots).items()
            for part, taken in (("vitals", each.vitals.taken), ("foreign", each.foreign.taken))
        ]
        if ages:
            yield Family(SNAPSHOT_AGE, SNAPSHOT_AGE.label_names, ages)


def in_flight(parts: Iterable[Iterable[Family]]) -> Iterator[Family]:
    """Join families of requests in flight: their numbers are added, of their ages the greatest is taken."""
    joined: dict[catalog.Metric, tuple[Family, dict[tuple[str, ...] | None, float]]] = {}
    for family in (family for part in parts for family in part):
        _, values = joined.setdefault(family.metric, (family, {}))
        for point in family.points:
            if isinstance(point, Number):
                held = values.get(point.labels, 0.0)
                oldest = family.metric is catalog.http.OLDEST_ACTIVE_REQUEST
                values[point.labels] = max(held, point.value) if oldest else held + point.value
    for metric, (family, values) in joined.items():
        yield Family(metric, family.label_names, [Number(labels, value) for labels, value in values.items()])


def labelled(by_worker: Mapping[str, Iterable[Family]]) -> Iterator[Family]:
    """Join families, each point with the label of its worker, which is empty where it is nobody's in particular."""
    joined: dict[catalog.Metric, tuple[tuple[str, ...], list[tuple[str, Number]]]] = {}
    for worker, families in by_worker.items():
        for family in families:
            _, points = joined.setdefault(family.metric, (family.label_names, []))
            points += [(worker, point) for point in family.points if isinstance(point, Number)]
    for metric, (names, points) in joined.items():
        if any(worker for worker, _ in points):
            numbers = [Number((*(point.labels or ()), worker), point.value) for worker, point in points]
            yield Family(metric, (*names, WORKER), numbers)
        else:
            yield Family(metric, names, [point for _, point in points])


def _in_order(by_worker: Mapping[str, _T]) -> dict[str, _T]:
    return dict(sorted(by_worker.items(), key=lambda item: int(item[0])))
