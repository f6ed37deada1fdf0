"""Sees the event loop blocked while it is, and says by what."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable

from apivitals.catalog import runtime as catalog
from apivitals.sources.event_loop import EventLoop
from apivitals.store import Backend

logger = logging.getLogger("apivitals")

_LOG_EVERY_SECONDS = 60.0
_FRAMES = 12


class Watchdog:
    """A thread that looks every half threshold whether the loop's timer is overdue.

    Each block longer than `threshold_seconds` is counted once. The first, and then at most one a minute, is logged
    with the innermost frames of the loop's thread.
    """

    def __init__(
        self,
        event_loop: EventLoop,
        store: Backend,
        threshold_seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._event_loop = event_loop
        self._threshold = threshold_seconds
        self._blocks = store.counter(catalog.EVENT_LOOP_BLOCKED).bind(())
        self._clock = clock
        self._in_block = False
        self._logged: float | None = None
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin to watch."""
        self._stop = threading.Event()
        threading.Thread(target=self._run, args=(self._stop,), name="apivitals-watchdog", daemon=True).start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(self._threshold / 2):
            self.look()

    def look(self) -> None:
        """Look once."""
        overdue = self._event_loop.overdue()
        if overdue < self._threshold:
            self._in_block = False
        elif not self._in_block:
            self._in_block = True
            self._blocks.add()
            self._log(overdue)

    def _log(self, overdue: float) -> None:
        now = self._clock()
        if self._logged is not None and now - self._logged < _LOG_EVERY_SECONDS:
            return
        frame = sys._current_frames().get(self._event_loop.thread_id)  # noqa: SLF001  # documented, underscore and all
        if frame is not None:
            self._logged = now
            stack = "".join(traceback.format_stack(frame)[-_FRAMES:])
            logger.warning(
                "the event loop has been blocked for %.1f s and serves no request; it is here:\n%s", overdue, stack
            )
