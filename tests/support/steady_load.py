"""A load that goes on, at a rate of its own, however the service does."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.plain_http import get

MOST_SECONDS = 400.0
"""After which it ends by itself."""


@contextmanager
def steady_load(url: str, clients: int, every_seconds: float) -> Iterator[threading.Event]:
    """Let each client ask for `url` every so many seconds, or as soon as it has its answer, until the event is set.

    Nobody has to answer: a service that is down is asked all the same.
    """
    ended = threading.Event()
    began = time.monotonic()

    def ask(number: int) -> None:
        turn = began + number * every_seconds / clients
        while not ended.wait(max(0.0, turn - time.monotonic())) and time.monotonic() < began + MOST_SECONDS:
            with suppress(OSError):
                get(url)
            turn = max(turn + every_seconds, time.monotonic())

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield ended
    finally:
        ended.set()
        for thread in threads:
            thread.join()
