"""The workers of one service, as their files in the group's directory show them."""

from __future__ import annotations

import re
import secrets
import shutil
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import time

from apivitals.errors import ErrorLog
from apivitals.workers.directory import NotNowError, WorkersError, make_private
from apivitals.workers.journal import JournalError
from apivitals.workers.lock import Role, is_held, locked
from apivitals.workers.memory import Files, WorkerMemory
from apivitals.workers.reading import Reading, WorkerReader
from apivitals.workers.retired import Retired, RetiredFile
from apivitals.workers.supervisor import Supervisor, machine

_WORKER = re.compile(r"worker-(\d{1,6})-([0-9a-f]{16})\.(?:values|(?:names|snapshot-\d+)(?:\.new)?)")
_JOIN_SECONDS = 5.0
_ATTEMPTS = 20
_FORGOTTEN_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Census:
    """What all workers but one have counted, at one moment: no worker is in it twice, and none is missing."""

    retired: Retired
    workers: tuple[tuple[Files, Reading], ...]

    def readings(self) -> tuple[Reading, ...]:
        """All of them, those that have ended first."""
        return (self.retired.reading, *(reading for _, reading in self.workers))

    def living(self) -> tuple[Files, ...]:
        """The files of those that live."""
        return tuple(files for files, reading in self.workers if reading.is_living)

    @property
    def ended(self) -> int:
        """How many workers have ended so far."""
        return self.retired.workers + sum(not reading.is_living for _, reading in self.workers)


class Group:
    """One directory, in which each worker has its files, and those that have ended have one together."""

    def __init__(self, directory: Path, errors: ErrorLog) -> None:
        """Make the directory if it is not there.

        Raises:
            WorkersError: it cannot be used; the message says why.
        """
        make_private(directory)
        self.directory = directory
        self._errors = errors
        self._retired = RetiredFile(directory / "retired")
        self._group_lock = directory / "lock"
        self._readers: dict[str, WorkerReader] = {}
        self._skipped: set[object] = set()
        self._lock = threading.Lock()

    def role(self, name: str) -> Role:
        """Return something that one worker does for all."""
        return Role(self.directory / f"{name}.lock")

    def machine(self, application: int) -> Path:
        """What the worker that reads the machine found when it last looked, for one of its applications."""
        return self.directory / f"machine-{application}"

    def claim(self, *, afresh: bool) -> tuple[Files, WorkerMemory]:
        """Take the lowest slot that no living worker has, and make the files of a worker there.

        `afresh` if the group begins anew when nobody is in it: nothing but its workers says that it still goes on.

        Raises:
            WorkersError: it cannot be done; the message says why.
        """
        with locked(self._group_lock, seconds=_JOIN_SECONDS) as taken:
            if not taken:
                raise WorkersError(f"{self._group_lock} is locked by a worker that does not go on")
            found = self._files()
            living = [files for files in found.values() if is_held(files.names)]
            if afresh and not living:
                self._remove((self._retired.path, *self.directory.glob("worker-*")))
                found = {}
            else:
                self._fold()
                found = self._files()
            slots = {files.slot for files in found.values()}
            slot = next(n for n in range(len(slots) + 1) if n not in slots)
            files = Files(self.directory, slot, secrets.token_hex(8))
            try:
                return files, WorkerMemory(files)
            except WorkersError:
                self._remove(files.all())
                raise

    def census(self, own: str) -> Census:
        """Read the files of all workers but `own`.

        Raises:
            NotNowError: one of them can be read later.
            OSError: the directory cannot be read.
        """
        with self._lock:
            for _ in range(_ATTEMPTS):
                before = self._retired_content()
                census = self._census(own, self._parsed(before))
                # A worker that is folded meanwhile is in neither, or in both
                if self._retired_content() == before:
                    break
            return census

    def fold(self) -> None:
        """Put the totals of workers that have ended into the one file for them, unless another is about it.

        Raises:
            NotNowError: a file can be read later; nothing has changed.
            OSError: the directory cannot be read, or not be written.
        """
        with self._lock, locked(self._group_lock, seconds=0) as taken:
            if taken:
                self._fold()

    def _fold(self) -> None:
        retired = self._parsed(self._retired_content())
        found = self._files()
        ended = {}
        for identity, files in found.items():
            if identity not in retired.ids and not is_held(files.names):
                reading = self._read(files, is_living=False)
                if reading is not None:
                    ended[identity] = reading
        unborn = {identity for identity, files in found.items() if not files.names.exists()}
        gone = (retired.ids & found.keys()) | ended.keys() | unborn
        if ended:
            self._retired.write(retired, ended.values(), frozenset(gone - unborn), retired.workers + len(ended))
        for identity in gone:
            files = found[identity]
            self._remove(files.all())

    def _census(self, own: str, retired: Retired) -> Census:
        found = self._files()
        workers = []
        for identity, files in found.items():
            if identity != own and identity not in retired.ids:
                reading = self._read(files, is_living=is_held(files.names))
                if reading is not None:
                    workers.append((files, reading))
        self._readers = {identity: reader for identity, reader in self._readers.items() if identity in found}
        return Census(retired, tuple(workers))

    def _read(self, files: Files, *, is_living: bool) -> Reading | None:
        reader = self._readers.setdefault(files.identity, WorkerReader(files))
        try:
            return reader.read(is_living=is_living)
        except FileNotFoundError:  # folded, or not made yet
            self._readers.pop(files.identity, None)
        except NotNowError:
            raise
        except (JournalError, WorkersError, OSError) as error:
            self._skip(files.identity, files.names, error)
        return None

    def _retired_content(self) -> bytes | None:
        try:
            return self._retired.content()
        except NotNowError:
            raise
        except (WorkersError, OSError) as error:
            self._skip(self._retired.path, self._retired.path, error)
            return None

    def _parsed(self, content: bytes | None) -> Retired:
        try:
            return self._retired.parse(content)
        except JournalError as error:
            self._skip(hash(content), self._retired.path, error)
            return Retired()

    def _skip(self, identity: object, path: Path, error: Exception) -> None:
        """Count a file that cannot be read, once."""
        self._readers.pop(str(identity), None)
        if identity not in self._skipped:
            self._skipped.add(identity)
            self._errors.caught("workers", WorkersError(f"{path} is left out: {error}"))

    def _files(self) -> dict[str, Files]:
        """The workers that there are files of, by their ids."""
        try:
            names = sorted(path.name for path in self.directory.iterdir())
        except OSError as error:
            if NotNowError.is_meant_by(error):
                raise NotNowError(self.directory, error) from None
            raise
        matches = filter(None, map(_WORKER.fullmatch, names))
        return {match[2]: Files(self.directory, int(match[1]), match[2]) for match in matches}

    @staticmethod
    def _remove(paths: Iterable[Path]) -> None:
        for path in paths:
            path.unlink(missing_ok=True)


def remove_dead_groups(base: Path, own: Path) -> None:
    """Remove the directories of groups whose supervisor and workers have all ended."""
    for directory in base.iterdir():
        supervisor = Supervisor.named(directory.name)
        if directory == own or supervisor is None or directory.is_symlink():
            continue
        try:
            gone = supervisor.is_gone
            if not gone and supervisor.machine != machine():  # of another container or boot: nobody can say
                gone = time() - directory.stat().st_mtime > _FORGOTTEN_SECONDS
            if gone and not any(is_held(path) for path in directory.glob("worker-*.names")):
                shutil.rmtree(directory)
        except OSError:  # another worker removes it at the same time, or it is not ours to remove
            continue
