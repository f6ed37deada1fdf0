"""The host: CPUs, load, memory, swap, file systems, disks and network interfaces, by psutil."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from apivitals.catalog import Metric
from apivitals.catalog import host as catalog
from apivitals.families import Family, Number
from apivitals.sources.host_cpu import CpuModes
from apivitals.sources.host_storage import MOST, disk_families, filesystem_families
from apivitals.sources.parts import by_label, gauge, read_parts

_PERIODS = ("1m", "5m", "15m")

# The host's end of a container's interface: one comes and goes with every container, and what it carries the
# interface to the outside counts as well.
_CONTAINER_END = "veth"
_LOOPBACK = frozenset({"lo", "lo0", "Loopback Pseudo-Interface 1"})


class Host:
    """CPU utilization is between own readings, the first of which is taken when this is made.

    `root` is where the host's files are; to look from a container at the machine around it, set `psutil.PROCFS_PATH`
    as well. At most 32 file systems, disks and interfaces each are shown; the loopback interface only if asked for.
    """

    name = "host"

    def __init__(
        self,
        *,
        root: Path = Path("/"),
        clock: Callable[[], float] = time.monotonic,
        loopback: bool = False,
    ) -> None:
        self._root = root
        self._cpu_modes = CpuModes(clock)
        self._loopback = loopback
        self.failures: dict[str, Exception] = {}
        list(read_parts({"cpu": self._cpu}, {}))

    def collect(self) -> Iterator[Family]:
        """Yield what there is; CPU utilization from half a second after the first reading."""
        self.failures = {}
        return read_parts(
            {
                "cpu": self._cpu,
                "cpu_count": _cpu_count,
                "load": _load,
                "memory": _memory,
                "swap": _swap,
                "filesystem": lambda: filesystem_families(self._root, self.failures),
                "disk": lambda: disk_families(self._root),
                "network": self._network,
            },
            self.failures,
        )

    def _cpu(self) -> Iterator[Family]:
        seconds, shares = self._cpu_modes.read(psutil.cpu_times())
        if any(seconds.values()):  # a sandbox may have the file and count nothing
            yield by_label(catalog.CPU_TIME, seconds)
        if shares:
            yield by_label(catalog.CPU_UTILIZATION, shares)

    def _network(self) -> Iterator[Family]:
        # As the kernel counts: what psutil would do about counters that began anew, rate() does better.
        counters = psutil.net_io_counters(pernic=True, nowrap=False)
        names = [name for name in sorted(counters) if self._is_shown(name)]
        for metric, fields in _NETWORK.items():
            points = [
                Number((name, direction), float(getattr(counters[name], field)))
                for name in names[:MOST]
                for direction, field in (("receive", fields.receive), ("transmit", fields.transmit))
            ]
            if points:
                yield Family(metric, metric.label_names, points)

    def _is_shown(self, name: str) -> bool:
        return not name.startswith(_CONTAINER_END) and (self._loopback or name not in _LOOPBACK)


class _Directions(NamedTuple):
    """psutil's field for each direction."""

    receive: str
    transmit: str


_NETWORK: dict[Metric, _Directions] = {
    catalog.NETWORK_IO: _Directions("bytes_recv", "bytes_sent"),
    catalog.NETWORK_PACKETS: _Directions("packets_recv", "packets_sent"),
    catalog.NETWORK_ERRORS: _Directions("errin", "errout"),
    catalog.NETWORK_DROPPED: _Directions("dropin", "dropout"),
}


def _cpu_count() -> Iterator[Family]:
    count = psutil.cpu_count()
    if count:
        yield gauge(catalog.CPU_COUNT, count)


def _load() -> Iterator[Family]:
    yield by_label(catalog.LOAD, dict(zip(_PERIODS, psutil.getloadavg(), strict=True)))


def _memory() -> Iterator[Family]:
    memory = psutil.virtual_memory()
    # Not psutil's `used`: what it leaves out of that has changed from version to version.
    others = {state: getattr(memory, state) for state in ("free", "buffers", "cached") if hasattr(memory, state)}
    states = {"used": max(0, memory.total - sum(others.values())), **others}
    yield by_label(catalog.MEMORY_USAGE, states)
    yield gauge(catalog.MEMORY_LIMIT, memory.total)
    if memory.total > 0:
        yield by_label(catalog.MEMORY_UTILIZATION, {state: value / memory.total for state, value in states.items()})
    if sys.platform == "linux":
        yield gauge(catalog.MEMORY_AVAILABLE, memory.available)


def _swap() -> Iterator[Family]:
    if sys.platform == "linux" and not Path(psutil.PROCFS_PATH, "vmstat").exists():
        return  # a sandbox, without swap; psutil would warn the user of it
    swap = psutil.swap_memory()
    if swap.total > 0:
        states = {"used": swap.used, "free": swap.free}
        yield by_label(catalog.PAGING_USAGE, states)
        yield by_label(catalog.PAGING_UTILIZATION, {state: value / swap.total for state, value in states.items()})
