"""What the workers that have ended had counted: one file, replaced as a whole.

It says whose totals are in it. So a worker's files count until the moment this one is replaced, and not after it,
whether they have been removed by then or not.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from operator import add
from pathlib import Path

from apivitals.store.memory import Labels
from apivitals.workers import journal
from apivitals.workers.directory import read_ours, write_whole
from apivitals.workers.reading import Key, Names, Reading

_MAGIC = b"APIVITRE"
_NOBODY = "-" * 16
_LENGTH = struct.Struct("<Q")
_SERIES_LIMIT = 10_000
_EMPTY = Reading(Names(), b"", is_living=False)


@dataclass(frozen=True)
class Retired:
    """The totals, and the ids of those workers whose files may still be there; of all, `workers` is the number."""

    reading: Reading = _EMPTY
    ids: frozenset[str] = frozenset()
    workers: int = 0


class RetiredFile:
    """The file, read again and again, and parsed only if it has changed. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parsed: tuple[bytes | None, Retired] = None, Retired()

    def content(self) -> bytes | None:
        """Return what is in it; None if it is not there.

        Raises:
            WorkersError: it is not this user's, or cannot be read now.
        """
        try:
            return read_ours(self.path)
        except FileNotFoundError:
            return None

    def parse(self, content: bytes | None) -> Retired:
        """Return what it says; nothing if it is not there.

        Raises:
            JournalError: it is not as `write` writes it.
        """
        if content is None:
            return Retired()
        if content != self._parsed[0]:
            self._parsed = content, _parse(content)
        return self._parsed[1]

    def write(self, retired: Retired, ended: Iterable[Reading], ids: frozenset[str], workers: int) -> None:
        """Replace it by one with the totals of `ended` added, which says that those of `ids` are in it.

        Raises:
            OSError: it cannot be written; the one that was there still is.
        """
        content = _content(_totals([retired.reading, *ended]), ids, workers)
        write_whole(self.path, self.path.with_suffix(".new"), content)


def _parse(content: bytes) -> Retired:
    journal.check_header(content, _MAGIC, _NOBODY)
    start = journal.HEADER_BYTES + _LENGTH.size
    if len(content) < start:
        raise journal.JournalError("it is truncated")
    (length,) = _LENGTH.unpack_from(content, journal.HEADER_BYTES)
    entries, end = journal.entries(content[: start + length], start)
    if end != start + length or not entries:
        raise journal.JournalError("it is truncated")
    names = Names()
    names.take(entries[1:])
    values = content[end:]
    if names.end * 8 != len(values):
        raise journal.JournalError("it is truncated: series are past its end")
    try:
        ids, workers = entries[0]
        return Retired(Reading(names, values, is_living=False), frozenset(ids), int(workers))
    except (TypeError, ValueError):
        raise journal.JournalError("it is damaged: it does not say whose totals it has") from None


def _totals(readings: Iterable[Reading]) -> dict[Key, dict[Labels | None, list[float]]]:
    """Add up what only grows, series by series; what goes both ways ends with its worker.

    Every worker has its own first label sets, and there is no end of workers: what is past the limit here too goes to
    the series that takes what is past theirs.
    """
    totals: dict[Key, dict[Labels | None, list[float]]] = {}
    for reading in readings:
        cells = reading.cells
        for key, table in reading.names.tables.items():
            if key[1].kind == "gauge":
                continue
            width = key[1].cells
            total = totals.setdefault(key, {})
            for labels, first in table.items():
                values = list(cells[first : first + width])
                if labels not in total and len(total) >= _SERIES_LIMIT:
                    labels = None  # noqa: PLW2901  # that series has no labels of its own
                held = total.get(labels)
                total[labels] = values if held is None else list(map(add, held, values))
    return totals


def _content(totals: dict[Key, dict[Labels | None, list[float]]], ids: frozenset[str], workers: int) -> bytes:
    entries = [journal.entry([sorted(ids), workers])]
    values = array("d")
    for number, ((store, declaration), table) in enumerate(totals.items()):
        entries.append(journal.entry(["instrument", store, *declaration]))
        for labels, cells in table.items():
            entries.append(journal.entry(["series", number, labels, len(values)]))
            values.extend(cells)
    names = b"".join(entries)
    return journal.header(_MAGIC, _NOBODY) + _LENGTH.pack(len(names)) + names + values.tobytes()
