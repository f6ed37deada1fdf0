"""NVIDIA's management library: whether it is there, started once, and started again after it was gone.

`nvidia-ml-py` calls it, which lets go of the interpreter lock during each call.
https://docs.nvidia.com/deploy/nvml-api/
"""

from __future__ import annotations

import ctypes
import math
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

LIBRARY_NOT_FOUND = "library_not_found"
DRIVER_NOT_LOADED = "driver_not_loaded"
VERSION_MISMATCH = "version_mismatch"
NOT_SUPPORTED = "not_supported"
NO_PERMISSION = "no_permission"
UNINITIALIZED = "uninitialized"
GPU_LOST = "gpu_lost"
NO_GPU = "no_gpu"
UNKNOWN = "unknown"

# nvmlReturn_t
_REASONS = {
    1: UNINITIALIZED,
    2: NOT_SUPPORTED,  # an argument, such as a kind of clock, that a GPU or an older driver does not know
    3: NOT_SUPPORTED,
    4: NO_PERMISSION,
    6: NOT_SUPPORTED,
    9: DRIVER_NOT_LOADED,
    12: LIBRARY_NOT_FOUND,
    13: NOT_SUPPORTED,  # the function is not in this driver's library
    15: GPU_LOST,
    16: GPU_LOST,  # until it is reset
    17: NO_PERMISSION,  # by a control group, for one
    18: VERSION_MISMATCH,
    22: NOT_SUPPORTED,
    25: NOT_SUPPORTED,  # a version of a structure
    26: NOT_SUPPORTED,
    28: GPU_LOST,
}
# What ends all work with the library until it is started again.
_GONE = {UNINITIALIZED, DRIVER_NOT_LOADED, VERSION_MISMATCH, LIBRARY_NOT_FOUND}

COUNTED = (DRIVER_NOT_LOADED, VERSION_MISMATCH, NO_PERMISSION, UNINITIALIZED, GPU_LOST, UNKNOWN)

_FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0


class NvmlError(Exception):
    """A call failed, for one of the reasons above."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class NvmlGoneError(NvmlError):
    """Nothing can be read until the library is started again."""


def is_installed() -> bool:
    """Say whether the library is there, without starting it; on Windows that is known only by starting it."""
    if sys.platform == "win32":
        return True
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True


class Nvml:
    """Starts the library when it is due, and calls it.

    When it could not be started, it is tried again after five minutes, and never if it is not there; when it had been
    running, at the next reading, and then with pauses that double: each start costs the driver memory and time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._binding: Any = None
        self._due = -math.inf
        self._pause = LONGEST_PAUSE_SECONDS
        self.running = False
        self.errors: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))

    def is_due(self) -> bool:
        """Say whether it is time to start it."""
        return self._clock() >= self._due

    def start(self) -> None:
        """Start the library. Raises NvmlError."""
        self._due = self._clock() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        if not is_installed():
            self._due = math.inf
            raise NvmlError(LIBRARY_NOT_FOUND, "libnvidia-ml.so.1 is not there")
        # Here, because it costs 30 ms and 4 MB, which is too much where there is no GPU.
        import pynvml  # type: ignore[import-untyped]  # noqa: PLC0415

        self._binding = pynvml
        self.call("nvmlInit")
        self.running = True

    def works(self) -> None:
        """Take note that something could be read: the next loss is followed by a quick start."""
        self._pause, self._due = _FIRST_PAUSE_SECONDS, -math.inf

    def stop(self) -> None:
        """Shut the library down, once for each start."""
        if self.running:
            self.running = False
            try:
                self.call("nvmlShutdown")
            except NvmlError:  # it is gone already
                return

    def constant(self, name: str) -> Any:
        """Return a constant of the binding."""
        return getattr(self._binding, name)

    def call(self, function: str, *arguments: Any) -> Any:
        """Call a function of the binding.

        Raises:
            NvmlError: it failed.
            NvmlGoneError: it failed, and so would every other.
        """
        try:
            return getattr(self._binding, function)(*arguments)
        except self._binding.NVMLError as error:
            reason = _REASONS.get(error.value, UNKNOWN)
            kind = NvmlGoneError if reason in _GONE else NvmlError
            raise kind(reason, f"{function}: {error}") from error
        except ValueError as error:  # a text that is not UTF-8
            raise NvmlError(UNKNOWN, f"{function}: {error}") from error

    def count(self, reason: str) -> None:
        """Count a failure, unless it is that something is not there to be read."""
        if reason in COUNTED:
            self.errors[reason] += 1
