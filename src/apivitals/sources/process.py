"""The process that serves the requests, by psutil and the system's own account of it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator

import psutil

from apivitals.catalog import process as catalog
from apivitals.families import Family
from apivitals.sources.readings import Shares, family, read_parts

_UNIQUE_EVERY_SECONDS = 30.0  # the kernel walks all mappings for it: milliseconds, in a large process more


class Process:
    """This process; in a forked child, the child. The first utilization is since the object was made."""

    name = "process"

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self.failures: dict[str, Exception] = {}
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._process = psutil.Process()
        self._shares = Shares()
        self._unique: tuple[float, float] | None = None
        list(read_parts([("cpu", self._cpu)], self.failures))

    def collect(self) -> Iterator[Family]:
        """Yield CPU, memory, threads, open files, context switches, page faults and uptime."""
        if os.getpid() != self._pid:
            self._begin()
        with self._process.oneshot():
            parts = [
                ("cpu", self._cpu),
                ("memory", self._memory),
                ("unique_memory", self._unique_memory),
                ("threads", self._threads),
                ("files", self._files),
                ("usage", self._usage),
                ("uptime", self._uptime),
            ]
            yield from list(read_parts(parts, self.failures))

    def _cpu(self) -> Iterator[Family]:
        now = self._clock()
        times = self._process.cpu_times()
        seconds = {"user": times.user, "system": times.system}
        yield family(catalog.CPU_TIME, {(mode,): value for mode, value in seconds.items()})
        shares = self._shares.since_last(now, seconds)
        if shares:
            yield family(catalog.CPU_UTILIZATION, {(mode,): share for mode, share in shares.items()})

    def _memory(self) -> Iterator[Family]:
        memory = self._process.memory_info()
        yield family(catalog.MEMORY_USAGE, float(memory.rss))
        yield family(catalog.MEMORY_VIRTUAL, float(memory.vms))

    def _unique_memory(self) -> Iterator[Family]:
        now = self._clock()
        if self._unique is None or now - self._unique[0] >= _UNIQUE_EVERY_SECONDS:
            self._unique = None
            try:
                self._unique = (now, float(self._process.memory_full_info().uss))
            except (psutil.AccessDenied, AttributeError):  # not ours to see, or a system that does not tell
                return
        yield family(catalog.MEMORY_UNIQUE, self._unique[1])

    def _threads(self) -> Iterator[Family]:
        yield family(catalog.THREADS, float(self._process.num_threads()))

    def _files(self) -> Iterator[Family]:
        if sys.platform == "win32":
            return
        import resource  # noqa: PLC0415  # Windows has none

        count = self._process.num_fds()
        yield family(catalog.OPEN_FILES, float(count))
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit not in {0, resource.RLIM_INFINITY}:
            yield family(catalog.OPEN_FILES_LIMIT, float(limit))
            yield family(catalog.OPEN_FILES_UTILIZATION, count / limit)

    def _usage(self) -> Iterator[Family]:
        if sys.platform == "win32":
            return
        import resource  # noqa: PLC0415  # Windows has none

        # of all threads; /proc/<pid>/status, which psutil reads, has the context switches of the first one only
        usage = resource.getrusage(resource.RUSAGE_SELF)
        switches = {("voluntary",): usage.ru_nvcsw, ("involuntary",): usage.ru_nivcsw}
        yield family(catalog.CONTEXT_SWITCHES, {kind: float(count) for kind, count in switches.items()})
        faults = {("major",): usage.ru_majflt, ("minor",): usage.ru_minflt}
        yield family(catalog.PAGE_FAULTS, {kind: float(count) for kind, count in faults.items()})

    def _uptime(self) -> Iterator[Family]:
        yield family(catalog.UPTIME, max(0.0, self._wall_clock() - self._process.create_time()))
