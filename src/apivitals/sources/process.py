"""This process: what it used of CPU, memory, files and disks, all threads together."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from apivitals.catalog import process as catalog
from apivitals.families import Family
from apivitals.sources.parts import by_label, gauge, read_parts

if sys.platform != "win32":
    import resource

_SHORTEST_SECONDS = 0.5  # CPU time comes in hundredths of a second: of less than this, little can be said
_UNIQUE_EVERY_SECONDS = 30.0  # the kernel walks all pages for it, 0.5 ms for 40 MB, and holds up page faults meanwhile
_STARTED = 19  # field of /proc/self/stat behind the program's name; the 22nd in proc(5)


class _CpuReading(NamedTuple):
    """User and system time used up to `taken`, in seconds."""

    taken: float
    user: float
    system: float


class _Birth(NamedTuple):
    """When the process was started: on the monotonic clock, and in seconds since 1970."""

    on_clock: float
    wall: float


def shares(previous: _CpuReading, current: _CpuReading) -> dict[str, float]:
    """Return CPU time used in between, by mode, as a ratio to the time of one CPU; `current` is the later one."""
    seconds = current.taken - previous.taken
    return {
        "user": max(0.0, current.user - previous.user) / seconds,
        "system": max(0.0, current.system - previous.system) / seconds,
    }


def parse_start(stat: bytes) -> int:
    """Read /proc/self/stat: when the process was started, in clock ticks since the system was. Raises ValueError."""
    _, _, fields = stat.rpartition(b")")  # the program's name may have spaces and brackets of its own
    try:
        ticks = int(fields.split()[_STARTED])
    except (IndexError, ValueError):
        ticks = -1
    if ticks < 0:
        raise ValueError(f"/proc/self/stat: expected a start time as 22nd field, found {stat[:80]!r}")
    return ticks


class Process:
    """Always the process that asks: a forked child finds itself, and counts its CPU time from its own start.

    CPU utilization, of one CPU, is between own readings; the first one is taken when this is made.
    """

    name = "process"

    def __init__(
        self,
        *,
        root: Path = Path("/"),
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._root = root
        self._clock = clock
        self._wall_clock = wall_clock
        self.failures: dict[str, Exception] = {}
        self._become_this_process()

    def _become_this_process(self) -> None:
        self._owner = os.getpid()
        self._in_psutil: psutil.Process | None = None
        self._born: _Birth | None = None
        self._reading = self._cpu_reading()
        self._shares: dict[str, float] = {}
        self._unique: tuple[float, int] | None = None

    def collect(self) -> Iterator[Family]:
        """Yield what there is; CPU utilization from half a second after the first reading."""
        self.failures = {}
        if self._owner != os.getpid():
            self._become_this_process()
            with suppress(OSError, ValueError, psutil.Error):  # which "uptime" then reports
                self._reading = _CpuReading(self._birth().on_clock, 0.0, 0.0)
        return read_parts(
            {
                "cpu": self._cpu,
                "memory": self._memory,
                "unique_memory": self._unique_memory,
                "threads": self._threads,
                "files": self._files,
                "resource_usage": self._resource_usage,
                "disk": self._disk,
                "uptime": self._uptime,
            },
            self.failures,
        )

    def _psutil(self) -> psutil.Process:
        if self._in_psutil is None:
            self._in_psutil = psutil.Process(_pid_for_psutil())
        return self._in_psutil

    def _birth(self) -> _Birth:
        """Find it out once: a restart shows as a change of it, and a wall clock that is set does not."""
        if self._born is None:
            age = self._age()
            self._born = _Birth(self._clock() - age, self._wall_clock() - age)
        return self._born

    def _age(self) -> float:
        if sys.platform == "linux":
            # psutil's create_time adds the time of the system's start, which the kernel gives in whole seconds
            ticks = parse_start((self._root / "proc/self/stat").read_bytes())
            return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
        return max(0.0, time.time() - self._psutil().create_time())

    def _cpu_reading(self) -> _CpuReading:
        times = os.times()
        return _CpuReading(self._clock(), times.user, times.system)

    def _cpu(self) -> Iterator[Family]:
        reading = self._cpu_reading()
        if reading.taken - self._reading.taken >= _SHORTEST_SECONDS:
            self._shares = shares(self._reading, reading)
            self._reading = reading
        yield by_label(catalog.CPU_TIME, {"user": reading.user, "system": reading.system})
        if self._shares:
            yield by_label(catalog.CPU_UTILIZATION, self._shares)

    def _memory(self) -> Iterator[Family]:
        memory = self._psutil().memory_info()
        yield gauge(catalog.MEMORY_USAGE, memory.rss)
        yield gauge(catalog.MEMORY_VIRTUAL, memory.vms)

    def _unique_memory(self) -> Iterator[Family]:
        now = self._clock()
        if self._unique is None or now - self._unique[0] >= _UNIQUE_EVERY_SECONDS:
            unique = getattr(self._psutil().memory_full_info(), "uss", None)
            if unique is None:
                return
            self._unique = (now, unique)
        yield gauge(catalog.MEMORY_UNIQUE, self._unique[1])

    def _threads(self) -> Iterator[Family]:
        yield gauge(catalog.THREADS, self._psutil().num_threads())

    def _files(self) -> Iterator[Family]:
        if sys.platform != "win32":
            count = self._open_files()
            yield gauge(catalog.OPEN_FILES, count)
            limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            if limit not in (0, resource.RLIM_INFINITY):
                yield gauge(catalog.OPEN_FILES_LIMIT, limit)
                yield gauge(catalog.OPEN_FILES_UTILIZATION, count / limit)

    if sys.platform == "linux":

        def _open_files(self) -> int:
            # Since Linux 6.2 the directory's size tells how many there are: 5 µs, and 700 µs to list a thousand.
            counted = (self._root / "proc/self/fd").stat().st_size
            return counted or self._psutil().num_fds() - 1  # without the one that the list itself was read by

    elif sys.platform != "win32":

        def _open_files(self) -> int:
            return self._psutil().num_fds()

    def _resource_usage(self) -> Iterator[Family]:
        if sys.platform != "win32":
            # Of all threads, ended ones too. /proc/self/status, and so psutil, has the first thread's switches only:
            # https://github.com/giampaolo/psutil/issues/1467
            usage = resource.getrusage(resource.RUSAGE_SELF)
            yield by_label(catalog.CONTEXT_SWITCHES, {"voluntary": usage.ru_nvcsw, "involuntary": usage.ru_nivcsw})
            yield by_label(catalog.PAGE_FAULTS, {"minor": usage.ru_minflt, "major": usage.ru_majflt})

    def _disk(self) -> Iterator[Family]:
        if sys.platform == "linux":  # elsewhere psutil has none, or other I/O than that of disks
            counters = self._psutil().io_counters()
            yield by_label(catalog.DISK_IO, {"read": counters.read_bytes, "write": counters.write_bytes})

    def _uptime(self) -> Iterator[Family]:
        birth = self._birth()
        yield gauge(catalog.UPTIME, self._clock() - birth.on_clock)
        yield gauge(catalog.START_TIME, birth.wall)


def _pid_for_psutil() -> int:
    """Return this process' number in the /proc that psutil reads, which may be the host's, seen from a container."""
    if sys.platform == "linux":
        with suppress(OSError, ValueError):
            return int(str(Path(psutil.PROCFS_PATH, "self").readlink()))
    return os.getpid()
