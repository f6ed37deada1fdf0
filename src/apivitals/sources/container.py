"""The container: what the process' control groups count."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from apivitals.catalog import Metric
from apivitals.catalog import container as catalog
from apivitals.families import Family, Number
from apivitals.sources import cgroup
from apivitals.sources.cgroup import UNIFIED, Cgroup, Cgroups, Limit, count, read

_RESOURCES = ("cpu", "memory", "io")
_EVENTS = ("low", "high", "max", "oom", "oom_group_kill")


class Container:
    """Finds the groups anew at each reading: right after a fork, and when the process was moved to another group."""

    name = "container"

    def __init__(self, *, root: Path = Path("/")) -> None:
        self._root = root
        self.failures: dict[str, Exception] = {}

    def collect(self) -> Iterator[Family]:
        """Yield what there is of CPU, memory, swap, tasks and pressure; nothing where there are no control groups."""
        self.failures = {}
        try:
            cgroups = Cgroups(self._root)
        except OSError as error:
            self.failures["cgroup"] = error
            return
        for part, families in _PARTS.items():
            try:
                yield from list(families(cgroups))
            except (OSError, ValueError) as error:
                self.failures[part] = error
        yield from self._pressure(cgroups)

    def _pressure(self, cgroups: Cgroups) -> Iterator[Family]:
        waiting, stalled = [], []
        for resource in _RESOURCES:
            try:
                scope, seconds = _pressure(cgroups, self._root, resource)
            except (OSError, ValueError) as error:
                self.failures[f"{resource}_pressure"] = error
                continue
            if "some" in seconds:
                waiting.append(Number((resource, scope), seconds["some"]))
            if "full" in seconds:
                stalled.append(Number((resource, scope), seconds["full"]))
        for metric, points in ((catalog.PRESSURE_WAITING, waiting), (catalog.PRESSURE_STALLED, stalled)):
            if points:
                yield Family(metric, metric.label_names, points)


def _number(metric: Metric, value: float | None) -> Iterator[Family]:
    if value is not None:
        yield Family(metric, (), [Number((), float(value))])


def _limit(metric: Metric, limit: Limit | None) -> Iterator[Family]:
    return _number(metric, None if limit is None else limit.value)


def _own(cgroups: Cgroups, controller: str, metric: Metric, of: Callable[[Cgroup], float | None]) -> Iterator[Family]:
    for own in cgroups.of(controller)[:1]:
        yield from _number(metric, of(own))


def _cpu_time(cgroups: Cgroups) -> Iterator[Family]:
    for own in cgroups.of("cpuacct")[:1]:
        # Version 1 also has user and system in nanoseconds, but they do not add up to what was used.
        user, system, per_second = ("user", "system", _ticks_per_second())
        if own.version != 1:
            user, system, per_second = ("user_usec", "system_usec", 1e6)
        stat = own.table("cpu.stat", "cpuacct.stat")
        points = [
            Number((mode,), count(stat[key], f"{key} of the CPU time") / per_second)
            for mode, key in (("user", user), ("system", system))
            if key in stat
        ]
        used = cgroup.cpu_seconds(cgroups, own) if len(points) < 2 else None  # noqa: PLR2004  # not divided by mode
        if used is not None:
            points = [Number(("",), used)]
        if points:
            yield Family(catalog.CPU_TIME, catalog.CPU_TIME.label_names, points)


def _ticks_per_second() -> float:
    return float(os.sysconf("SC_CLK_TCK"))


def _cpu_quota(cgroups: Cgroups) -> Iterator[Family]:
    return _limit(catalog.CPU_QUOTA, cgroup.cpu_quota(cgroups))


def _throttling(cgroups: Cgroups) -> Iterator[Family]:
    """Read it where the quota is set: a group that waits for the quota of one around it has nothing counted."""
    quota = cgroup.cpu_quota(cgroups)
    if quota is None:
        return
    stat = quota.cgroup.table("cpu.stat", "cpu.stat")
    time, per_second = ("throttled_time", 1e9) if quota.cgroup.version == 1 else ("throttled_usec", 1e6)
    for metric, key, unit in (
        (catalog.CPU_PERIODS, "nr_periods", 1),
        (catalog.CPU_THROTTLED_PERIODS, "nr_throttled", 1),
        (catalog.CPU_THROTTLED, time, per_second),
    ):
        if key in stat:
            yield from _number(metric, count(stat[key], f"{key} in cpu.stat") / unit)


def _memory_usage(cgroups: Cgroups) -> Iterator[Family]:
    return _own(cgroups, "memory", catalog.MEMORY_USAGE, cgroup.memory_usage)


def _working_set(cgroups: Cgroups) -> Iterator[Family]:
    return _own(cgroups, "memory", catalog.MEMORY_WORKING_SET, cgroup.working_set)


def _memory_limit(cgroups: Cgroups) -> Iterator[Family]:
    return _limit(catalog.MEMORY_LIMIT, cgroup.memory_limit(cgroups))


def _swap_usage(cgroups: Cgroups) -> Iterator[Family]:
    return _own(cgroups, "memory", catalog.SWAP_USAGE, _swap)


def _swap(own: Cgroup) -> float | None:
    if own.version != 1:
        return own.number("memory.swap.current")
    swap = own.table("", "memory.stat").get("total_swap")
    return None if swap is None else count(swap, "total_swap in memory.stat")


def _swap_limit(cgroups: Cgroups) -> Iterator[Family]:
    return _limit(catalog.SWAP_LIMIT, cgroup.swap_limit(cgroups))


def _memory_events(cgroups: Cgroups) -> Iterator[Family]:
    for own in cgroups.of("memory")[:1]:
        events = own.table("memory.events", "memory.oom_control")
        if "oom_kill" in events:
            yield from _number(catalog.MEMORY_OOM_KILLS, count(events["oom_kill"], "oom_kill of the memory events"))
        if own.version == 1:  # has of the rest only how often the limit was reached
            events = {"max": text} if (text := own.text("", "memory.failcnt")) is not None else {}
        points = [
            Number((event,), float(count(events[event], f"{event} of the memory events")))
            for event in _EVENTS
            if event in events
        ]
        if points:
            yield Family(catalog.MEMORY_EVENTS, catalog.MEMORY_EVENTS.label_names, points)


def _pids(cgroups: Cgroups) -> Iterator[Family]:
    return _own(cgroups, "pids", catalog.PIDS, lambda own: own.number("pids.current", "pids.current"))


def _pids_limit(cgroups: Cgroups) -> Iterator[Family]:
    limit = cgroup.tightest(cgroups.of("pids"), lambda group: group.number("pids.max", "pids.max"))
    return _limit(catalog.PIDS_LIMIT, limit)


_PARTS: dict[str, Callable[[Cgroups], Iterator[Family]]] = {
    "cpu_time": _cpu_time,
    "cpu_quota": _cpu_quota,
    "cpu_throttling": _throttling,
    "memory_usage": _memory_usage,
    "memory_working_set": _working_set,
    "memory_limit": _memory_limit,
    "swap_usage": _swap_usage,
    "swap_limit": _swap_limit,
    "memory_events": _memory_events,
    "pids": _pids,
    "pids_limit": _pids_limit,
}


def _pressure(cgroups: Cgroups, root: Path, resource: str) -> tuple[str, dict[str, float]]:
    """Return whose pressure it is, and the seconds by share; version 1 has none of its own, so it is the host's."""
    for own in cgroups.of(UNIFIED)[:1]:
        text = own.text(f"{resource}.pressure")
        if text is not None:
            return "container", parse_pressure(text)
    seconds = parse_pressure(read(root / "proc/pressure" / resource) or "")
    if resource == "cpu":
        seconds.pop("full", None)  # always 0: of the whole system it is not defined
    return "host", seconds


def parse_pressure(text: str) -> dict[str, float]:
    """Read a pressure file: seconds in which some, and in which all ("full") tasks waited. Raises ValueError.

    https://docs.kernel.org/accounting/psi.html
    """
    seconds = {}
    for share, *fields in filter(None, map(str.split, text.split("\n"))):
        total = next((field.removeprefix("total=") for field in fields if field.startswith("total=")), None)
        if share in ("some", "full") and total is not None:
            seconds[share] = count(total, "total of the pressure") / 1e6
        elif share in ("some", "full"):
            raise ValueError(f"pressure: expected total=, found {' '.join(fields)[:40]!r}")
    return seconds
