"""The private directory of a group: the user's own, nobody else's, and not behind a link."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108  # what is made in it is private to the user, and refused if it is not
_PRIVATE = 0o700
_PASSING = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}


class WorkersError(Exception):
    """The workers cannot share their metrics. The message names the directory or file, and what would be right."""


class NotNowError(WorkersError):
    """The system has no descriptors, or no memory, left at this moment: that says nothing of the file."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path} cannot be read now: {error.strerror}")

    @staticmethod
    def is_meant_by(error: OSError) -> bool:
        """Whether the same may well succeed a moment later."""
        return error.errno in _PASSING


def base_directories() -> Iterable[Path]:
    """Yield where the groups' directories can be: in memory if the machine has it, where no disk is waited for."""
    user = f"apivitals-{os.geteuid()}"
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK | os.X_OK):
        yield _MEMORY / user
    yield Path(tempfile.gettempdir()) / user


def make_private(directory: Path) -> None:
    """Make the directory, for this user alone, unless it is there already and is so.

    Raises:
        WorkersError: it cannot be made, it is a link, or others own it or may enter it.
    """
    try:
        directory.mkdir(mode=_PRIVATE, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise WorkersError(f"{directory} cannot be made: {error.strerror}") from None
    if not stat.S_ISDIR(found.st_mode):
        raise WorkersError(f"{directory} is no directory, but a link or a file: remove it")
    if found.st_uid != os.geteuid():
        raise WorkersError(f"{directory} belongs to user {found.st_uid}, not to {os.geteuid()}: remove it")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise WorkersError(f"{directory} is open to others: chmod 700 {directory}")


def open_ours(path: Path) -> int:
    """Open a file for reading and return its descriptor.

    Raises:
        FileNotFoundError: it is not there.
        NotNowError: it may be there, and be read later.
        WorkersError: it is a link, no plain file, or another user's.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        if NotNowError.is_meant_by(error):
            raise NotNowError(path, error) from None
        raise WorkersError(f"{path} is not read: {error.strerror}") from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        os.close(descriptor)
        raise WorkersError(f"{path} is not read: it is no file of this user's")
    return descriptor


def read_ours(path: Path, start: int = 0) -> bytes:
    """Return a file's content from byte `start` on; raises as `open_ours`."""
    descriptor = open_ours(path)
    try:
        size = os.fstat(descriptor).st_size
        pieces = []
        while start < size:
            piece = os.pread(descriptor, size - start, start)
            if not piece:
                break
            pieces.append(piece)
            start += len(piece)
        return b"".join(pieces)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content`, which one `os.write` need not do."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def write_whole(path: Path, new: Path, content: bytes) -> None:
    """Replace a file by one with other content, written under the name of `new` first: nobody sees half of it."""
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, content)
    finally:
        os.close(descriptor)
    new.replace(path)
