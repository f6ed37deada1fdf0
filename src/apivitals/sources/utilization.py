"""How much of what this process may use is used: of the container's limit if it has one, else of the host."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from apivitals.catalog import Metric
from apivitals.catalog import container as catalog
from apivitals.families import Family, Number
from apivitals.sources import cgroup
from apivitals.sources.cgroup import Cgroups, count, read

_CONTAINER = "container"
_HOST = "host"

# A quota is given out every 100 ms, and the host counts in hundredths of a second: what is less apart says little.
_SHORTEST_SECONDS = 0.5

_CPU_LINE = re.compile(r"^cpu[0-9]+ ", re.ASCII | re.MULTILINE)
_IDLE = slice(3, 5)  # columns of /proc/stat: idle, and idle while something waits for a disk
_ALL = slice(0, 8)  # those after steal are in the ones before


class HostCpu(NamedTuple):
    """What all CPUs did since the system started, in ticks, and how many of them there are."""

    busy: int
    idle: int
    cpus: int


class HostMemory(NamedTuple):
    """All memory, and what can be had without swapping, None before Linux 3.14; in bytes."""

    total: int
    available: int | None


class _CpuReading(NamedTuple):
    """What had been used of what there had been, since some start, both in the same unit. `of` says whose."""

    taken: float
    of: tuple[str, str, float]
    used: float
    available: float


class Utilization:
    """CPU between its own readings, the first of which it takes when it is made; memory as it is.

    The readings are of a whole group or host, so they stay right in a forked child, unless it was moved to another
    group: then it starts anew.
    """

    name = "utilization"

    def __init__(self, *, root: Path = Path("/"), clock: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._clock = clock
        self._reading: _CpuReading | None = None
        self._ratio: float | None = None
        self.failures: dict[str, Exception] = {}
        list(self.collect())

    def collect(self) -> Iterator[Family]:
        """Yield the limits that apply and the ratios to them; CPU's from half a second after the first reading."""
        self.failures = {}
        try:
            cgroups = Cgroups(self._root)
        except OSError as error:
            self.failures["cgroup"] = error
            return
        for part, families in (("cpu", self._cpu), ("memory", self._memory)):
            try:
                yield from list(families(cgroups))
            except (OSError, ValueError) as error:
                self.failures[part] = error

    def _cpu(self, cgroups: Cgroups) -> Iterator[Family]:
        current: _CpuReading | None = None
        host = self._host_cpu()
        limits = [limit for limit in (cgroup.cpu_quota(cgroups), cgroup.cpuset(cgroups)) if limit is not None]
        limit = min(limits, key=lambda limit: limit.value, default=None)
        if limit is not None and (host is None or limit.value < host.cpus):
            yield _gauge(catalog.CPU_LIMIT, _CONTAINER, limit.value)
            now, used = self._clock(), cgroup.cpu_seconds(cgroups, limit.cgroup)
            if used is not None:
                of = (_CONTAINER, str(limit.cgroup.directory), limit.value)
                current = _CpuReading(now, of, used, now * limit.value)
        elif host is not None:
            yield _gauge(catalog.CPU_LIMIT, _HOST, host.cpus)
            current = _CpuReading(self._clock(), (_HOST, "", host.cpus), host.busy, host.busy + host.idle)
        self._reading, self._ratio = _advance(self._reading, current, self._ratio)
        if current is not None and self._ratio is not None:
            yield _gauge(catalog.CPU_UTILIZATION, current.of[0], self._ratio)

    def _host_cpu(self) -> HostCpu | None:
        try:
            return parse_stat(read(self._root / "proc/stat") or "")
        except (OSError, ValueError) as error:
            self.failures["host_cpu"] = error  # the container's limit, if there is one, does without
            return None

    def _memory(self, cgroups: Cgroups) -> Iterator[Family]:
        host = self._host_memory()
        limit = cgroup.memory_limit(cgroups)
        if limit is not None and (host is None or limit.value < host.total):
            yield _gauge(catalog.MEMORY_LIMIT_APPLIED, _CONTAINER, limit.value)
            used = cgroup.working_set(limit.cgroup)
            if used is not None and limit.value > 0:
                yield _gauge(catalog.MEMORY_UTILIZATION, _CONTAINER, used / limit.value)
        elif host is not None:
            yield _gauge(catalog.MEMORY_LIMIT_APPLIED, _HOST, host.total)
            if host.available is not None:
                yield _gauge(catalog.MEMORY_UTILIZATION, _HOST, max(0.0, 1 - host.available / host.total))

    def _host_memory(self) -> HostMemory | None:
        try:
            return parse_meminfo(read(self._root / "proc/meminfo") or "")
        except (OSError, ValueError) as error:
            self.failures["host_memory"] = error
            return None


def _gauge(metric: Metric, limit: str, value: float) -> Family:
    return Family(metric, metric.label_names, [Number((limit,), float(value))])


def _advance(
    previous: _CpuReading | None, current: _CpuReading | None, ratio: float | None
) -> tuple[_CpuReading | None, float | None]:
    """Return the reading that the next one is compared with, and the ratio that is true now."""
    if previous is None or current is None or previous.of != current.of:
        return current, None
    if current.taken - previous.taken < _SHORTEST_SECONDS:
        return previous, ratio
    used, available = current.used - previous.used, current.available - previous.available
    # A group made anew under the same name has used less than the one before it.
    return current, used / available if available > 0 and used >= 0 else None


def parse_stat(text: str) -> HostCpu | None:
    """Read /proc/stat; None if it has nothing of the CPUs. Raises ValueError."""
    total = next((line.split()[1:] for line in text.split("\n") if line.startswith("cpu ")), None)
    cpus = len(_CPU_LINE.findall(text))
    if total is None or not cpus:
        return None
    ticks = [count(column, "cpu in /proc/stat") for column in total]
    idle = sum(ticks[_IDLE])
    return HostCpu(sum(ticks[_ALL]) - idle, idle, cpus)


def parse_meminfo(text: str) -> HostMemory | None:
    """Read /proc/meminfo; None if it does not tell the total. Raises ValueError."""
    lines = (line.split() for line in text.split("\n"))
    kibibytes = {fields[0]: fields[1] for fields in lines if len(fields) > 1 and fields[0].endswith(":")}
    total, available = (
        count(kibibytes[key], f"{key} in /proc/meminfo") * 1024 if key in kibibytes else None
        for key in ("MemTotal:", "MemAvailable:")
    )
    return HostMemory(total, available) if total else None
