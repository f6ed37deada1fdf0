"""Run a program until told to stop, or until what started this is gone.

``python -I -S guard.py prometheus --config.file=prometheus.yml``. For programs that do not watch their standard input:
this does, in their place, so that they do not outlive what started them, however that ended. A script of the standard
library alone, so that it starts at once and stays small.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

_STOP_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1  # prctl(2)


class Guard:
    """One program, once it is started."""

    def __init__(self) -> None:
        self._program: subprocess.Popen[bytes] | None = None
        self._is_stopping = False

    def run(self, command: list[str]) -> int:
        """Run it, and return its exit status, or 128 and the signal that ended it."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop())
        try:
            self._program = subprocess.Popen(  # noqa: S603 (what this was started for)
                command,
                stdin=subprocess.DEVNULL,
                preexec_fn=_end_with_the_guard,  # noqa: PLW1509 (there is no other thread yet)
            )
        except OSError as error:
            print(f"{command[0]} cannot be run: {error.strerror}", file=sys.stderr)  # noqa: T201 (into the log)
            return 1
        if self._is_stopping:
            self.stop()
        threading.Thread(target=self._stop_with_the_starter, daemon=True).start()
        status = self._program.wait()
        return status if status >= 0 else 128 - status

    def stop(self) -> None:
        """Tell the program to end, or to do so as soon as it is started."""
        self._is_stopping = True
        if self._program is not None:
            self._program.terminate()

    def _stop_with_the_starter(self) -> None:
        # Not sys.stdin: a thread that waits in its lock would abort the interpreter's own end.
        while os.read(0, 1):
            pass
        self.stop()
        time.sleep(_STOP_SECONDS)
        if self._program is not None:
            self._program.kill()


def _end_with_the_guard() -> None:
    """Have the kernel end the program even where this script is killed; only Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(Guard().run(sys.argv[1:]))
