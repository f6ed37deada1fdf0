"""This process as a worker of its group, if it is one."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from apivitals.errors import ErrorLog, logger
from apivitals.store import Store
from apivitals.workers.directory import WorkersError, base_directories, make_private
from apivitals.workers.group import Census, Group, remove_dead_groups
from apivitals.workers.lock import IS_SUPPORTED, Role
from apivitals.workers.memory import Files, WorkerMemory
from apivitals.workers.supervisor import Supervisor, find_supervisor


class Worker:
    """A member of a group: its slot, its memory, and what it does for the others."""

    def __init__(self, group: Group, files: Files, memory: WorkerMemory) -> None:
        self.group = group
        self.files = files
        self._process = os.getpid()
        self.machine: Role = group.role("machine")
        """Reading the host, the container and the GPUs, which is enough once."""
        self.port: Role = group.role("port")
        """Serving the metrics on a port of their own."""
        self._memory = memory
        self._shared: dict[Store, str] = {}
        self._restoring = threading.Lock()

    @property
    def is_this_process(self) -> bool:
        """Whether this is the process that joined, and not a child of its."""
        return self._process == os.getpid()

    @property
    def label(self) -> str:
        """The slot, as the label `worker` has it; whoever replaces this worker takes it again."""
        return str(self.files.slot)

    def share(self, store: Store, name: str) -> None:
        """Let the other workers read a store, by a name that is the same in all of them."""
        if store not in self._shared:
            self._shared[store] = name
            store.move(self._memory.of(name))

    def census(self) -> Census:
        """Read what all other workers have counted."""
        return self.group.census(self.files.identity)

    def restore(self) -> None:
        """Make its files again, with what they held, if somebody has removed them, as some systems do at a log-out.

        What workers that had ended left is gone then, and the sums begin anew with what the living hold.

        Raises:
            WorkersError: they cannot be made.
        """
        with self._restoring:  # each application of the process asks for it, in a thread of its own
            if not self.files.names.exists():
                self._restore()

    def _restore(self) -> None:
        logger.warning("%s was removed, and is made again", self.files.names)
        held = [role for role in (self.machine, self.port) if role.is_mine]
        removed = self._memory
        make_private(self.group.directory.parent)
        make_private(self.group.directory)
        self.files, self._memory = self.group.claim(afresh=False)
        for store, name in self._shared.items():
            store.move(self._memory.of(name))
        removed.close()
        for role in held:  # whose lock was in a file that nobody finds any more
            role.leave()
            role.take()

    def forget(self) -> None:
        """Let go of everything: in a forked child, which is not this worker."""
        self._memory.close()
        self.machine.leave()
        self.port.leave()


class Membership:
    """Joins the group of this process once, whichever of its applications asks first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = False
        self.worker: Worker | None = None

    def join(self, directory: Path | None, service: str, errors: ErrorLog) -> Worker | None:
        """Become a worker of the group; None, with a warning if that is not as it should be, for a service alone.

        `directory` is where the group's directory is to be, if the user has said so: then all processes of the same
        service that are told the same directory, and have no supervisor, are one group.
        """
        with self._lock:
            if not self._asked:
                self._asked = True
                self.worker = _join(directory, service, errors)
            return self.worker

    def forget(self) -> None:
        """Be nobody's worker: in a forked child, which may become one of its own."""
        self._lock = threading.Lock()
        self._asked = False
        if self.worker is not None:
            self.worker.forget()
            self.worker = None


MEMBERSHIP = Membership()
"""What group this process is of."""


def _join(directory: Path | None, service: str, errors: ErrorLog) -> Worker | None:
    supervisor = find_supervisor()
    if supervisor is None and directory is None:
        return None
    if not IS_SUPPORTED:
        logger.info("workers do not share their metrics on this system: each shows its own")
        return None
    try:
        group = Group(_directory(directory, supervisor, service), errors)
        worker = Worker(group, *group.claim(afresh=supervisor is None))
    except (WorkersError, OSError) as error:
        logger.warning(
            "workers cannot share their metrics, so each shows its own, and a scrape one of them: %s; "
            "set worker_dir (APIVITALS_WORKER_DIR) to a directory that can be written, or to off",
            error,
        )
        return None
    remove_dead_groups(group.directory.parent, group.directory)
    return worker


def _directory(given: Path | None, supervisor: Supervisor | None, service: str) -> Path:
    name = f"service-{_safe(service)}" if supervisor is None else supervisor.name
    if given is not None:
        try:
            given.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise WorkersError(f"{given} cannot be made: {error.strerror}") from None
        base = given / f"apivitals-{os.geteuid()}"
        make_private(base)
        return base / name
    refusals = []
    for base in base_directories():
        try:
            make_private(base)
        except WorkersError as error:
            refusals.append(str(error))
        else:
            return base / name
    raise WorkersError("; ".join(refusals))


def _safe(service: str) -> str:
    """Return a name that a directory can have, and that no two services share."""
    return service.encode("utf-8", "surrogatepass").hex()[:200] or "0"


if hasattr(os, "register_at_fork"):
    # After the store's own hook, which has moved its series out of the worker's memory by then
    os.register_at_fork(after_in_child=MEMBERSHIP.forget)
