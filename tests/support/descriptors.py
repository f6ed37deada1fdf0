"""A process that has no descriptors left, for some of its files."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from apivitals.workers import directory


@contextmanager
def none_left_for(*endings: str) -> Iterator[None]:
    """Let files of the group's directory whose paths end so not be opened for reading."""

    class Refusing:
        def __getattr__(self, name: str) -> Any:
            return self._open if name == "open" else getattr(os, name)

        @staticmethod
        def _open(path: Any, *args: int) -> int:
            if str(path).endswith(endings):
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))
            return os.open(path, *args)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(directory, "os", Refusing())
        yield
