"""Locks that the kernel releases when their holder dies, however it dies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apivitals.workers.directory import NotNowError, WorkersError, open_ours

try:
    import fcntl
except ImportError:  # Windows has none; there the workers do not share
    fcntl = None  # type: ignore[assignment]  # the module is the only value that the type checker knows for it

IS_SUPPORTED = fcntl is not None
_POLL_SECONDS = 0.01


def try_lock(descriptor: int) -> bool:
    """Take the lock of an open file for as long as it is open; False if somebody has it.

    It is flock's, which belongs to the open file and not to the process: reading the file elsewhere in the process
    does not give it up. A forked child has to close its copy of the descriptor.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Whether somebody has the lock of a file, or may have it, as far as can be told now.

    Those who ask do not get in each other's way.
    """
    try:
        descriptor = open_ours(path)
    except NotNowError:
        return True
    except (FileNotFoundError, WorkersError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def open_lock(path: Path) -> int:
    """Open a file that is there only to be locked."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise WorkersError(f"{path} cannot be opened: {error.strerror}") from None


@contextmanager
def locked(path: Path, *, seconds: float) -> Iterator[bool]:
    """Hold the lock of `path` inside; it gives False, and is not held, if it cannot be had within the time."""
    descriptor = open_lock(path)
    taken = False
    try:
        deadline = time.monotonic() + seconds
        taken = try_lock(descriptor)
        while not taken and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            taken = try_lock(descriptor)
        yield taken
    finally:
        if taken:  # closing does not give it up while a child that was forked meanwhile has a copy of the descriptor
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


class Role:
    """Something that one worker of the group does for all; when it dies, another takes it over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Whether this worker has the role: since before, or from now on."""
        if self._descriptor is None:
            descriptor = open_lock(self._path)
            if not try_lock(descriptor):
                os.close(descriptor)
                return False
            self._descriptor = descriptor
        return True

    @property
    def is_mine(self) -> bool:
        """Whether this worker has it."""
        return self._descriptor is not None

    def leave(self) -> None:
        """Let another worker have it; in a forked child, only forget it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
