"""What a worker's files say, read by another process, or by the same one's successor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from apivitals.families import Exemplar
from apivitals.store import Declaration
from apivitals.store.memory import Labels
from apivitals.workers import journal
from apivitals.workers.directory import read_ours
from apivitals.workers.memory import CELL_BYTES, EXEMPLAR, EXEMPLAR_CELLS, NAMES_MAGIC, VALUES_MAGIC, Files

Key = tuple[str, Declaration]
"""An instrument: the store's name, and its declaration."""


@dataclass
class Names:
    """The places of series, as entries of a journal say them."""

    tables: dict[Key, dict[Labels | None, int]] = field(default_factory=dict)
    exemplars: dict[Key, dict[Labels | None, dict[int, int]]] = field(default_factory=dict)
    end: int = 0
    """The first cell that none of them is in."""
    _instruments: list[Key] = field(default_factory=list)
    _series: list[tuple[Key, Labels | None]] = field(default_factory=list)

    def take(self, entries: list[Any]) -> None:
        """Take more entries.

        Raises:
            JournalError: one cannot be.
        """
        for payload in entries:
            try:
                self._take(*payload)
            except (TypeError, ValueError, IndexError, AttributeError):
                raise journal.JournalError(f"it is damaged: {str(payload)[:80]} says nothing") from None

    def _take(self, kind: str, *rest: Any) -> None:
        if kind == "instrument":
            store, metric, what, label_names, bounds = rest
            key = store, Declaration(metric, what, tuple(label_names), tuple(map(float, bounds)))
            self._instruments.append(key)
            self.tables.setdefault(key, {})
        elif kind == "series":
            number, values, first = rest
            key, labels = self._instruments[number], None if values is None else tuple(values)
            self.tables[key][labels] = self._checked(first, key[1].cells)
            self._series.append((key, labels))
        elif kind == "exemplar":
            number, bucket, first = rest
            key, labels = self._series[number]
            buckets = self.exemplars.setdefault(key, {}).setdefault(labels, {})
            buckets[int(bucket)] = self._checked(first, EXEMPLAR_CELLS)
        else:
            raise ValueError(kind)

    def _checked(self, first: int, cells: int) -> int:
        if type(first) is not int or first < 0:
            raise ValueError(first)
        self.end = max(self.end, first + cells)
        return first


@dataclass(frozen=True)
class Reading:
    """The series of one worker, or of all that have ended, as they were when it was taken."""

    names: Names
    content: bytes
    is_living: bool

    @property
    def cells(self) -> memoryview[float]:
        """All cells of the file."""
        whole = len(self.content) // CELL_BYTES * CELL_BYTES
        return memoryview(self.content)[:whole].cast("d")

    def table(self, key: Key) -> Mapping[Labels | None, int]:
        """Where an instrument's series begin, by their label values; None is the one past the limit."""
        return self.names.tables.get(key, {})

    def exemplars(self, key: Key, labels: Labels | None) -> Iterator[tuple[int, Exemplar]]:
        """Yield a series' exemplars with their buckets, but for one that was being written."""
        for bucket, first in list(self.names.exemplars.get(key, {}).get(labels, {}).items()):
            if (first + EXEMPLAR_CELLS) * CELL_BYTES > len(self.content):  # newer than the reading
                continue
            timestamp, trace, span, value = EXEMPLAR.unpack_from(self.content, first * CELL_BYTES)
            if timestamp:
                yield bucket, Exemplar(trace.hex(), span.hex(), value, timestamp)


class WorkerReader:
    """Reads one worker's files again and again: of its names only what is new."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._names = Names()
        self._position = 0

    def read(self, *, is_living: bool) -> Reading:
        """Read the files.

        Raises:
            FileNotFoundError: they are gone.
            JournalError: they are not as a worker writes them; the message says how.
            WorkersError: they are not this user's.
        """
        # Names first: what they name is in the values by then
        identity = self.files.identity
        content = read_ours(self.files.names, self._position)
        if self._position == 0:
            journal.check_header(content, NAMES_MAGIC, identity)
            content = content[journal.HEADER_BYTES :]
            self._position = journal.HEADER_BYTES
        entries, end = journal.entries(content, 0)
        self._names.take(entries)
        self._position += end
        values = read_ours(self.files.values)
        journal.check_header(values, VALUES_MAGIC, identity)
        if self._names.end * CELL_BYTES > len(values):
            raise journal.JournalError("it is truncated: series are past its end")
        return Reading(self._names, values, is_living)
