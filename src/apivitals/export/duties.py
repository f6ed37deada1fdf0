"""What a worker does beside its requests, for whoever of the group is scraped: a thread that looks every second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from apivitals.errors import ErrorLog
from apivitals.export import snapshot
from apivitals.export.page import MetricsPage
from apivitals.workers.directory import WorkersError, write_whole

_TURN_SECONDS = 1.0
_SECOND_TURN_SECONDS = 0.2  # at the first one the sources may have no sample yet
_STOP_SECONDS = 1.0
_REST = 50
"""What takes long is done more rarely: it has a fiftieth of a core at most."""


class Duties:
    """Leaves snapshots, takes over what another worker did for all and no longer does, and folds who has ended."""

    def __init__(
        self,
        page: MetricsPage,
        errors: ErrorLog,
        *,
        foreign_seconds: float,
        start_machine: Callable[[], None],
        open_port: Callable[[], None],
    ) -> None:
        assert page.worker is not None  # noqa: S101  # one that is alone has no duties
        self._worker = page.worker
        self._page = page
        self._errors = errors
        self._foreign_seconds = foreign_seconds
        self._start_machine = start_machine
        self._open_port = open_port
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._foreign = snapshot.write_foreign(snapshot.Foreign(time.time(), []), errors)
        self._foreign_due = 0.0

    def start(self) -> None:
        """Begin, with a first turn at once."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stop,), name="apivitals-workers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; what is done for all is left to another worker."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)  # somebody's collector may not end at all
            self._thread = None
            self._worker.machine.leave()

    def _run(self, stop: threading.Event) -> None:
        pause = _SECOND_TURN_SECONDS
        while not stop.is_set():
            began = time.monotonic()
            self.turn()
            stop.wait(max(pause, _REST * (time.monotonic() - began)))
            pause = _TURN_SECONDS

    def turn(self) -> None:
        """Do everything once; what fails is tried again at the next turn."""
        for duty in (self._worker.restore, self._elect, self._open_port, self._leave_snapshot):
            if self._stop.is_set():
                return
            try:
                duty()
            except Exception as error:  # noqa: BLE001  # the others are done all the same
                self._errors.caught("workers", error)

    def _elect(self) -> None:
        if self._worker.machine.take():
            self._start_machine()
            self._worker.group.fold()
            contents = self._page.contents
            families = list(contents.read(contents.machine))
            if families:  # not yet, when it has just begun
                self._leave(self._worker.group.machine(self._page.application), snapshot.write_machine(families))

    def _leave_snapshot(self) -> None:
        contents = self._page.contents
        vitals = snapshot.Vitals(
            time.time(), list(contents.read(contents.in_flight)), list(contents.read(contents.process))
        )
        if time.monotonic() >= self._foreign_due:
            self._foreign_due = time.monotonic() + self._foreign_seconds
            found = snapshot.Foreign(time.time(), self._page.foreign.families())
            self._foreign = snapshot.write_foreign(found, self._errors)
        content = snapshot.write_vitals(vitals) + self._foreign
        self._leave(self._worker.files.snapshot(self._page.application), content)

    @staticmethod
    def _leave(path: Path, content: bytes) -> None:
        try:
            write_whole(path, path.with_name(f"{path.name}.new"), content)
        except OSError as error:
            raise WorkersError(f"{path} cannot be written: {error.strerror}") from None
