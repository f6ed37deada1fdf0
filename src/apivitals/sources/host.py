"""The host's CPUs and memory, by psutil."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from apivitals.catalog import host as catalog
from apivitals.families import Family
from apivitals.sources.host_disks import Disks
from apivitals.sources.host_network import network
from apivitals.sources.readings import Shares, family, read_parts

# Of psutil's columns; guest times are in user and nice already.
_MODES = {
    "user": ("user",),
    "nice": ("nice",),
    "system": ("system",),
    "idle": ("idle",),
    "iowait": ("iowait",),
    "interrupt": ("irq", "softirq", "interrupt", "dpc"),
    "steal": ("steal",),
}


class Host:
    """What the operating system shows of all that it runs on. The first utilization is since the object was made."""

    name = "host"

    def __init__(self, *, root: Path = Path("/"), machine: Any = psutil) -> None:
        """Begin to read.

        Args:
            root: of the file system that has ``sys``.
            machine: psutil, or what has its functions.
        """
        self._machine = machine
        self._disks = Disks(root, machine)
        self._cpu_shares = Shares()
        self.failures: dict[str, Exception] = {}
        list(read_parts([("cpu", self._cpu)], self.failures))

    def collect(self) -> Iterator[Family]:
        """Yield CPU, load, memory, swap, file systems, disks and network."""
        parts = [
            ("cpu", self._cpu),
            ("load", self._load),
            ("memory", self._memory),
            ("swap", self._swap),
            ("filesystems", self._disks.filesystems),
            ("disks", self._disks.transfers),
            ("network", lambda: network(self._machine)),
        ]
        return read_parts(parts, self.failures)

    def _cpu(self) -> Iterator[Family]:
        times = self._machine.cpu_times()
        seconds = {
            mode: sum(getattr(times, column, 0.0) for column in columns)
            for mode, columns in _MODES.items()
            if any(hasattr(times, column) for column in columns)
        }
        yield family(catalog.CPU_TIME, {(mode,): value for mode, value in seconds.items()})
        shares = self._cpu_shares.since_last(sum(seconds.values()), seconds)
        if shares:
            yield family(catalog.CPU_UTILIZATION, {(mode,): share for mode, share in shares.items()})
        yield family(catalog.CPU_COUNT, float(self._machine.cpu_count() or 0))

    def _load(self) -> Iterator[Family]:
        loads = self._machine.getloadavg()
        yield family(catalog.LOAD, {(period,): load for period, load in zip(("1m", "5m", "15m"), loads, strict=True)})

    def _memory(self) -> Iterator[Family]:
        memory = self._machine.virtual_memory()
        states = {
            state: float(getattr(memory, state))
            for state in ("used", "free", "cached", "buffers")
            if hasattr(memory, state)
        }
        yield family(catalog.MEMORY_USAGE, {(state,): size for state, size in states.items()})
        yield family(catalog.MEMORY_UTILIZATION, {(state,): size / memory.total for state, size in states.items()})
        yield family(catalog.MEMORY_LIMIT, float(memory.total))
        yield family(catalog.MEMORY_AVAILABLE, float(memory.available))

    def _swap(self) -> Iterator[Family]:
        swap = self._machine.swap_memory()
        if swap.total:
            states: dict[tuple[str, ...], float] = {("used",): float(swap.used), ("free",): float(swap.free)}
            yield family(catalog.PAGING_USAGE, states)
            yield family(catalog.PAGING_UTILIZATION, {state: size / swap.total for state, size in states.items()})
