"""Who started this process as one of several workers, and so which workers belong together.

Only servers that are known to share one service among processes count: that two processes have the same parent says
nothing, since the parent may be a shell.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

# By the module that a worker of theirs begins in; `multiprocessing.Process(target=uvicorn.run)` is a service alone.
_BEGINNINGS = {
    "uvicorn._subprocess": "uvicorn",  # --workers and --reload
    "hypercorn.asyncio.run": "hypercorn",
    "hypercorn.trio.run": "hypercorn",
    "granian.server.mp": "granian",
}


@dataclass(frozen=True)
class Supervisor:
    """The process that starts, and replaces, the workers of one service."""

    server: str
    process: int
    began: str
    """When it was started, in whatever the machine counts; with the process id it says which process."""
    machine: str
    """The boot and the process id namespace, without which a process id says nothing."""

    @property
    def name(self) -> str:
        """A name for its group, as a directory can have it."""
        return "-".join((self.server, str(self.process), self.began, self.machine))

    @classmethod
    def named(cls, name: str) -> Supervisor | None:
        """Read a group's name again; None if it is not one."""
        parts = name.split("-")
        if len(parts) != 4 or not parts[1].isdigit():  # noqa: PLR2004  # as many as `name` joins
            return None
        return cls(parts[0], int(parts[1]), parts[2], parts[3])

    @property
    def is_gone(self) -> bool:
        """Whether it has ended for certain. One of another namespace cannot be asked."""
        return self.machine == machine() and began(self.process) != self.began


def find_supervisor() -> Supervisor | None:
    """Return the supervisor of this process, or None if it is a service alone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        target: Any = getattr(multiprocessing.current_process(), "_target", None)  # nothing public says it
        server = _BEGINNINGS.get(getattr(target, "__module__", ""))
        process = parent.pid
    elif "gunicorn.arbiter" in sys.modules and os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn/"):
        server, process = "gunicorn", os.getppid()
    else:
        return None
    started = None if server is None or process is None else began(process)
    if server is None or process is None or started is None:
        return None
    return Supervisor(server, process, started, machine())


def began(process: int) -> str | None:
    """Return when a process was started, in clock ticks since the boot where `/proc` has it; None if there is none."""
    try:
        if sys.platform == "linux":
            # field 22 of proc(5); the second, the program's name, may have spaces and parentheses in it
            fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
            state, *rest = fields.split()
            return None if state in "ZX" else rest[18]
        return str(int(psutil.Process(process).create_time() * 100))
    except (OSError, psutil.Error):
        return None


def machine() -> str:
    """Return what tells this boot and this process id namespace from others."""
    namespace = _or_nothing(lambda: str(Path("/proc/self/ns/pid").stat().st_ino))
    boot = _or_nothing(lambda: Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8])
    return f"{namespace}_{boot}"


def _or_nothing(read: Callable[[], str]) -> str:
    try:
        return read()
    except OSError:
        return ""
