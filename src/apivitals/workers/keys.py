"""What one worker has done so that no other does it again: keys, in a file of the group."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from apivitals.workers import journal
from apivitals.workers.directory import NotNowError, WorkersError, read_ours, write_all, write_whole
from apivitals.workers.lock import locked

_REMEMBERED = 10_000
_WAIT_SECONDS = 1.0


class SharedKeys:
    """A set of texts that all workers add to; of very many the oldest are forgotten."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: dict[str, None] = {}
        self._position = 0
        self._inode: int | None = None

    def __contains__(self, key: str) -> bool:
        """Whether any worker has added it, as far as can be told now."""
        with suppress(NotNowError):
            self._read()
        return key in self._keys

    def add(self, key: str) -> None:
        """Let all workers know it.

        Raises:
            OSError, WorkersError: the file cannot be written; this worker knows it all the same.
        """
        self._keys[key] = None
        with locked(self._path.with_suffix(".lock"), seconds=_WAIT_SECONDS):
            is_whole = self._read()
            if not is_whole or len(self._keys) > 2 * _REMEMBERED:
                self._keys = dict.fromkeys([*self._keys][-_REMEMBERED:])
                content = b"".join(journal.entry([each]) for each in self._keys)
                write_whole(self._path, self._path.with_suffix(".new"), content)
                return
            descriptor = os.open(
                self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
            try:
                write_all(descriptor, journal.entry([key]))
            finally:
                os.close(descriptor)

    def _read(self) -> bool:
        """Take what was added since the last time; whether that was all that is there, as it was written.

        Raises:
            NotNowError: it may be there, and be read later.
        """
        try:
            inode = self._path.stat().st_ino
            if inode != self._inode:
                self._inode, self._position = inode, 0
            content = read_ours(self._path, self._position)
            entries, end = journal.entries(content, 0)
        except FileNotFoundError:
            return True
        except NotNowError:
            raise
        except (OSError, WorkersError, journal.JournalError):
            return False
        self._position += end
        self._keys.update((str(entry[0]), None) for entry in entries if entry)
        return end == len(content)
