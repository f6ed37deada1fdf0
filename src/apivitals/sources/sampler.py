"""The thread that takes samples, so that a scrape has only to read the last ones."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from apivitals.catalog import source as catalog
from apivitals.families import Family, Number

logger = logging.getLogger("apivitals")

_SECOND_SAMPLE_SECONDS = 1.0  # what is measured between two samples need not wait a whole interval for the second


class Source(Protocol):
    """Something that can be read again and again.

    A source may have `failures`: the parts of its last reading that went wrong, by name.
    """

    name: str

    def collect(self) -> Iterable[Family]:
        """Take a reading. The families' points are lists: they are read later, by others."""


@dataclass
class _Sampled:
    source: Source
    families: list[Family] = field(default_factory=list)
    taken: float | None = None
    failing: bool = False
    errors: int = 0
    last_error: tuple[str, str, float] | None = None
    logged: set[tuple[str, str]] = field(default_factory=set)


class Sampler:
    """Reads every source each `interval_seconds`, and keeps what it read.

    A source that raises loses its own sample, is counted, and disturbs no other.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        interval_seconds: float,
        *,
        thread_name: str = "apivitals-sampler",
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._sampled = [_Sampled(source) for source in sources]
        self._interval = interval_seconds
        self._thread_name = thread_name
        self._clock = clock
        self._wall_clock = wall_clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._owner = 0

    def start(self) -> None:
        """Begin to sample in a thread, now and at every interval; again in a forked child, which has no thread."""
        if self._sampled and (self._thread is None or self._owner != os.getpid()):
            self._owner = os.getpid()
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._stop,), name=self._thread_name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; the last samples stay."""
        self._stop.set()
        self._thread = None

    def _run(self, stop: threading.Event) -> None:
        due = self._clock()
        interval = min(_SECOND_SAMPLE_SECONDS, self._interval)
        while not stop.is_set():
            self.sample()
            due = max(due + interval, self._clock())
            stop.wait(due - self._clock())
            interval = self._interval

    def sample(self) -> None:
        """Read every source once, here and now."""
        for sampled in self._sampled:
            source = sampled.source
            try:
                families = list(source.collect())
                failures: dict[str, Exception] = dict(getattr(source, "failures", {}))
            except Exception as error:  # noqa: BLE001  # whatever a source meets, the others go on
                families, failures = [], {"all": error}
            sampled.families, sampled.taken, sampled.failing = families, self._clock(), bool(failures)
            for part, failure in failures.items():
                self._note(sampled, part, failure)

    def _note(self, sampled: _Sampled, part: str, error: Exception) -> None:
        kind = type(error).__name__
        sampled.errors += 1
        sampled.last_error = (part, kind, self._wall_clock())
        if (part, kind) not in sampled.logged:
            sampled.logged.add((part, kind))
            logger.warning(
                "sampling %s (%s) failed; more of this kind are only counted: %s", sampled.source.name, part, error
            )

    def collect(self) -> Iterator[Family]:
        """Yield the last samples, and how each source fares: of all sources, or nothing before the first."""
        taken = [sampled for sampled in self._sampled if sampled.taken is not None]
        if len(taken) < len(self._sampled):
            return
        for sampled in taken:
            yield from sampled.families
        now = self._clock()
        last_errors = [
            Number((sampled.source.name, part, kind), when)
            for sampled in taken
            if sampled.last_error is not None
            for part, kind, when in [sampled.last_error]
        ]
        for metric, points in (
            (catalog.UP, [Number((s.source.name,), float(not s.failing)) for s in taken]),
            (catalog.AGE, [Number((s.source.name,), now - (s.taken or now)) for s in taken]),
            (catalog.ERRORS, [Number((s.source.name,), float(s.errors)) for s in taken]),
            (catalog.LAST_ERROR, last_errors),
        ):
            if points:
                yield Family(metric, metric.label_names, points)
