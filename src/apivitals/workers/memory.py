"""A worker's memory: cells in a file, mapped, so that they outlive the process and others can read them."""

from __future__ import annotations

import mmap
import os
import struct
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from apivitals.errors import logger
from apivitals.families import Exemplar
from apivitals.store import Blocks, Declaration, Memory, Place
from apivitals.store.memory import Labels
from apivitals.workers import journal
from apivitals.workers.directory import WorkersError, write_all
from apivitals.workers.lock import try_lock

VALUES_MAGIC, NAMES_MAGIC = b"APIVITVA", b"APIVITNA"
CELL_BYTES = 8
EXEMPLAR = struct.Struct("=d16s8sd")
"""When it was taken, which is 0 while it is written; trace id, span id, value."""
EXEMPLAR_CELLS = EXEMPLAR.size // CELL_BYTES

_BLOCK_BYTES = max(64 * 1024, mmap.ALLOCATIONGRANULARITY)


@dataclass(frozen=True)
class Files:
    """The names of one worker's files. A worker that takes over a slot has another id, and so other files."""

    directory: Path
    slot: int
    identity: str

    @property
    def values(self) -> Path:
        """Its cells."""
        return self._path("values")

    @property
    def names(self) -> Path:
        """What is in which cells; locked for as long as the worker lives. There once all the others are."""
        return self._path("names")

    def snapshot(self, application: int) -> Path:
        """What one of its applications found out when it last looked."""
        return self._path(f"snapshot-{application}")

    def all(self) -> tuple[Path, ...]:
        """Every file that the worker has left."""
        return tuple(self.directory.glob(f"worker-{self.slot}-{self.identity}.*"))

    def _path(self, suffix: str) -> Path:
        return self.directory / f"worker-{self.slot}-{self.identity}.{suffix}"


class WorkerMemory:
    """The pair of files that this worker writes. Thread-safe."""

    def __init__(self, files: Files) -> None:
        """Make the files, with room for the first series.

        Raises:
            WorkersError: they cannot be made.
        """
        self._files = files
        self._lock = threading.Lock()
        self._instruments: dict[tuple[str, Declaration], int] = {}
        self._series = 0
        self._private: Blocks | None = None
        self._open: tuple[int, ...] = ()
        new = files.names.with_suffix(".names.new")
        try:
            # Not the values' lock, which their mappings would hold on to: each has a copy of the descriptor
            self._names = _create(new)
            self._open = (self._names,)
            try_lock(self._names)
            write_all(self._names, journal.header(NAMES_MAGIC, files.identity))
            self._values = _create(files.values)
            self._open = (self._names, self._values)
            self._mapped = 0
            self._grow()
            self._map[: journal.HEADER_BYTES] = journal.header(VALUES_MAGIC, files.identity)
            self._used = journal.HEADER_BYTES // CELL_BYTES
            new.rename(files.names)
        except OSError as error:
            self.close()
            raise WorkersError(f"{files.directory} cannot be written: {error.strerror}") from None

    def of(self, store: str) -> Memory:
        """Return the memory as one store of the process sees it, under a name that is the same in every worker."""
        return _Of(self, store)

    def place(self, store: str, declaration: Declaration, labels: Labels | None) -> Place:
        """Make room for a series and write its name down.

        Where the file system is full, the series is in private memory, and seen by those who ask this worker only.
        """
        with self._lock:
            if self._private is None:
                try:
                    return self._place(store, declaration, labels)
                except OSError as error:
                    self._private = Blocks()
                    logger.warning(
                        "%s cannot be written: %s; series made from now on are only seen through this worker",
                        self._files.directory,
                        error.strerror,
                    )
            return self._private.place(declaration, labels)

    def _place(self, store: str, declaration: Declaration, labels: Labels | None) -> Place:
        instrument = self._instruments.get((store, declaration))
        if instrument is None:
            instrument = len(self._instruments)
            self._append(["instrument", store, *declaration])
            self._instruments[store, declaration] = instrument
        first = self._allocate(declaration.cells)
        self._append(["series", instrument, labels, first])
        series, self._series = self._series, self._series + 1
        publish = partial(self._publish, series, {}) if declaration.kind == "histogram" else None
        return Place(self._block, first - self._block_start, publish)

    def _publish(self, series: int, kept: dict[int, tuple[mmap.mmap, int]], bucket: int, exemplar: Exemplar) -> None:
        place = kept.get(bucket)
        if place is None:
            with self._lock:
                if self._private is not None:
                    return
                try:
                    first = self._allocate(EXEMPLAR_CELLS)
                    self._append(["exemplar", series, bucket, first])
                except OSError:
                    return  # the next series says that there is no room
            place = kept[bucket] = self._map, (first - self._block_start) * CELL_BYTES
        mapped, start = place
        ids = bytes.fromhex(exemplar.trace_id), bytes.fromhex(exemplar.span_id)
        EXEMPLAR.pack_into(mapped, start, 0.0, *ids, exemplar.value)
        struct.pack_into("=d", mapped, start, exemplar.timestamp)

    def _allocate(self, cells: int) -> int:
        """Take cells of the file, and return the first one's index in it. A run is in one block."""
        if (self._used + cells) * CELL_BYTES > self._mapped:
            self._grow()
            self._used = self._block_start
        first = self._used
        self._used += cells
        return first

    def _grow(self) -> None:
        # Written to a file that is only claimed to be so long, a full file system would be a signal that kills
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self._values, self._mapped, _BLOCK_BYTES)
        else:
            os.lseek(self._values, 0, os.SEEK_END)
            write_all(self._values, bytes(_BLOCK_BYTES))
        self._map = mmap.mmap(self._values, _BLOCK_BYTES, offset=self._mapped)
        self._block = memoryview(self._map).cast("d")
        self._block_start = self._mapped // CELL_BYTES
        self._mapped += _BLOCK_BYTES

    def _append(self, payload: list[object]) -> None:
        position = os.lseek(self._names, 0, os.SEEK_END)
        try:
            write_all(self._names, journal.entry(payload))
        except OSError:
            os.ftruncate(self._names, position)
            raise

    def close(self) -> None:
        """Let go of the files, and so of the lock. The cells can still be written, but nobody looks at them."""
        for descriptor in self._open:
            os.close(descriptor)
        self._open = ()


@dataclass(frozen=True)
class _Of:
    memory: WorkerMemory
    store: str

    def place(self, declaration: Declaration, labels: Labels | None) -> Place:
        return self.memory.place(self.store, declaration, labels)


def _create(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
