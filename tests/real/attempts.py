"""Measuring again: what others do on the machine may spoil a measurement, or several in a row."""

import time
from collections.abc import Iterator

FIRST_PAUSE_SECONDS = 0.1


def attempts(seconds: float = 60.0) -> Iterator[int]:
    """Number attempts from 0 on, with a pause between two, each twice as long as the last: some ten in a minute.

    The loop is left by whoever has measured well; it ends when there is no time for another attempt.
    """
    deadline = time.monotonic() + seconds
    number, pause = 0, FIRST_PAUSE_SECONDS
    yield number
    while time.monotonic() + pause < deadline:
        time.sleep(pause)
        number, pause = number + 1, 2 * pause
        yield number
