"""Control groups: which ones this process is in, and what their files say. Both versions, and hybrids of the two.

https://docs.kernel.org/admin-guide/cgroup-v2.html
https://docs.kernel.org/admin-guide/cgroup-v1/index.html
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

UNIFIED = ""  # the controller's name in /proc/self/cgroup's line for version 2

# Gone, never there, or switched off in this kernel; ENODEV is a group that was removed while its file was open.
_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.EOPNOTSUPP}
_ESCAPED = re.compile(r"\\([0-3][0-7]{2})")
_COUNT = re.compile(r"[0-9]{1,20}", re.ASCII)  # what 64 bits can hold, and nothing that a float cannot
_CPU_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)
_V1_NO_MEMORY_LIMIT = 0x7FFF_FFFF_FFFF_0000  # LONG_MAX rounded down to a page, of 64 KiB at most


class Mount(NamedTuple):
    """One cgroup file system: `root` is the group that is to be seen at `point`."""

    version: int
    controllers: frozenset[str]
    root: str
    point: str


class Cgroup(NamedTuple):
    """One control group: `path` as in /proc/self/cgroup, `directory` where its files are."""

    version: int
    path: str
    directory: Path

    def text(self, v2: str, v1: str = "") -> str | None:
        """Read the file that has this name in the group's version; None if there is none. Raises OSError."""
        name = v1 if self.version == 1 else v2
        return read(self.directory / name) if name else None

    def number(self, v2: str, v1: str = "") -> int | None:
        """Read a file that holds one number; "max" is None. Raises OSError, ValueError."""
        text = self.text(v2, v1)
        return None if text is None or text.strip() == "max" else count(text, v1 if self.version == 1 else v2)

    def table(self, v2: str, v1: str = "") -> dict[str, str]:
        """Read a file of lines with a key and a value each; a missing file is an empty one. Raises OSError."""
        pairs = (line.split() for line in (self.text(v2, v1) or "").split("\n"))
        return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}  # noqa: PLR2004  # key and value


class Limit(NamedTuple):
    """A limit, and the group that sets it: of its use everything in that group has a share."""

    value: float
    cgroup: Cgroup


def read(path: Path) -> str | None:
    """Read a small file; None if there is none here. Raises OSError for any other reason that it cannot be read."""
    try:
        return os.fsdecode(path.read_bytes())
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise


def count(text: str, what: str) -> int:
    """Turn `text` into a number of up to 20 digits. Raises ValueError, which names `what`."""
    digits = text.strip()
    if not _COUNT.fullmatch(digits):
        raise ValueError(f"{what}: expected a number, found {digits[:40]!r}")
    return int(digits)


def memberships(text: str) -> dict[str, str]:
    """Read /proc/self/cgroup: the group's path by controller, under `UNIFIED` that of version 2."""
    lines = (line.split(":", 2) for line in text.split("\n"))
    return {
        controller: fields[2]
        for fields in lines
        if len(fields) == 3 and fields[2].startswith("/")  # noqa: PLR2004  # hierarchy, controllers, path
        for controller in fields[1].split(",")
    }


def mounts(text: str) -> Iterator[Mount]:
    """Read /proc/self/mountinfo: the cgroup file systems, in the order of mounting."""
    for line in text.split("\n"):
        mounted, separator, kind = line.partition(" - ")
        left, right = mounted.split(" "), kind.split(" ")
        if not separator or len(left) < 5 or len(right) < 3 or right[0] not in ("cgroup", "cgroup2"):  # noqa: PLR2004  # proc(5)
            continue
        root, point = (_ESCAPED.sub(_unescaped, field) for field in left[3:5])
        if right[0] == "cgroup2":
            yield Mount(2, frozenset({UNIFIED}), root, point)
        else:
            yield Mount(1, frozenset(right[2].split(",")), root, point)


def _unescaped(match: re.Match[str]) -> str:
    return os.fsdecode(bytes([int(match[1], 8)]))


def cpus(text: str) -> int:
    """Count the CPUs of a list like ``0-3,8``. Raises ValueError."""
    total = 0
    for part in text.strip().split(","):
        match = _CPU_RANGE.fullmatch(part)
        if not match:
            raise ValueError(f"cpuset: expected a list of CPUs, found {text.strip()[:40]!r}")
        total += max(0, int(match[2] or match[1]) - int(match[1]) + 1)
    return total


class Cgroups:
    """The groups that this process is in now, as far as they can be seen. Raises OSError if /proc refuses."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._memberships = memberships(read(root / "proc/self/cgroup") or "")
        self._mounts = list(mounts(read(root / "proc/self/mountinfo") or ""))
        self._found: dict[str, tuple[Cgroup, ...]] = {}

    def of(self, controller: str) -> tuple[Cgroup, ...]:
        """Return the process' own group and then those around it, innermost first.

        The root of a whole hierarchy is not among them: what its files say is the machine's, and nobody's limit.
        Empty if there is no such group, or it cannot be seen.
        """
        hierarchy = controller if controller in self._memberships else UNIFIED
        if hierarchy not in self._memberships:
            return ()
        if hierarchy not in self._found:
            chains = [self._chain(hierarchy, mount) for mount in self._mounts if hierarchy in mount.controllers]
            # The host's mount, where there is one beside our own, shows more of the groups around.
            self._found[hierarchy] = max(chains, key=len, default=())
        return self._found[hierarchy]

    def _chain(self, hierarchy: str, mount: Mount) -> tuple[Cgroup, ...]:
        own, top = PurePosixPath(self._memberships[hierarchy]), PurePosixPath(mount.root)
        if not own.is_relative_to(top) or ".." in (below := own.relative_to(top)).parts:
            return ()  # outside of what is mounted here, as with a group namespace entered without mounting anew
        point = self._root / mount.point.lstrip("/")
        directories = ((own_or_around, point / own_or_around) for own_or_around in (below, *below.parents))
        return tuple(
            Cgroup(mount.version, str(top / relative), directory)
            for relative, directory in directories
            if os.path.isdir(directory)  # noqa: PTH112  # False for names that Path.is_dir raises for
            and not (directory == point and _is_root(mount.version, directory))
        )


def _is_root(version: int, directory: Path) -> bool:
    # Files that the kernel gives to the root alone, and to all but the root; a namespace's root is not one.
    if version == 1:
        return os.path.exists(directory / "release_agent")  # noqa: PTH110  # never raises
    return not os.path.exists(directory / "cgroup.events")  # noqa: PTH110  # the same


def tightest(chain: Sequence[Cgroup], limit_of: Callable[[Cgroup], float | None]) -> Limit | None:
    """Return the lowest limit of a process' groups; of equal ones the outermost, which has the most users."""
    limits = []
    for cgroup in reversed(chain):
        try:
            value = limit_of(cgroup)
        except PermissionError:
            if cgroup is chain[0]:
                raise
            continue  # what is around the container is none of our business
        if value is not None:
            limits.append(Limit(value, cgroup))
    return min(limits, key=lambda limit: limit.value, default=None)


def cpu_quota(cgroups: Cgroups) -> Limit | None:
    """Return the CPU quota, in CPUs. Raises OSError, ValueError."""
    return tightest(cgroups.of("cpu"), _quota)


def _quota(cgroup: Cgroup) -> float | None:
    if cgroup.version == 1:
        quota, period = cgroup.text("", "cpu.cfs_quota_us"), cgroup.text("", "cpu.cfs_period_us")
        if quota is None or period is None or quota.strip() == "-1":
            return None
    else:
        text = cgroup.text("cpu.max")
        if text is None:
            return None
        quota, _, period = text.strip().partition(" ")
        if quota == "max":
            return None
    length = count(period, "CPU period")
    if length == 0:
        raise ValueError("CPU period: expected more than 0")
    return count(quota, "CPU quota") / length


def cpuset(cgroups: Cgroups) -> Limit | None:
    """Return the number of CPUs that the process' groups may run on. Raises OSError, ValueError."""
    return tightest(cgroups.of("cpuset"), _allowed_cpus)


def _allowed_cpus(cgroup: Cgroup) -> float | None:
    text = cgroup.text("cpuset.cpus.effective", "cpuset.effective_cpus")
    return None if text is None or not text.strip() else cpus(text)


def cpu_seconds(cgroups: Cgroups, cgroup: Cgroup) -> float | None:
    """Return the CPU time that `cgroup`, one of the CPU controller's, has used. Raises OSError, ValueError.

    In version 1 another controller counts it, and has groups of its own: None if it has none of the same path.
    """
    if cgroup.version == 1:
        counted = next((counting for counting in cgroups.of("cpuacct") if counting.path == cgroup.path), None)
        used = counted.number("", "cpuacct.usage") if counted is not None else None
        return None if used is None else used / 1e9
    used_text = cgroup.table("cpu.stat").get("usage_usec")
    return None if used_text is None else count(used_text, "usage_usec in cpu.stat") / 1e6


def memory_limit(cgroups: Cgroups) -> Limit | None:
    """Return the memory limit, in bytes. Raises OSError, ValueError."""
    return tightest(cgroups.of("memory"), _memory_limit)


def _memory_limit(cgroup: Cgroup) -> float | None:
    limit = cgroup.number("memory.max", "memory.limit_in_bytes")
    # Version 1 also tells the lowest limit of all the groups around, the ones that cannot be seen included.
    lowest = cgroup.table("", "memory.stat").get("hierarchical_memory_limit")
    limits = [limit] if limit is not None else []
    if lowest is not None:
        limits.append(count(lowest, "hierarchical_memory_limit in memory.stat"))
    value = min(limits, default=None)
    return None if value is None or _is_unlimited(cgroup, value) else value


def _is_unlimited(cgroup: Cgroup, limit: int) -> bool:
    return cgroup.version == 1 and limit >= _V1_NO_MEMORY_LIMIT


def swap_limit(cgroups: Cgroups) -> Limit | None:
    """Return the limit of swap space, in bytes. Raises OSError, ValueError."""
    return tightest(cgroups.of("memory"), _swap_limit)


def _swap_limit(cgroup: Cgroup) -> float | None:
    if cgroup.version != 1:
        return cgroup.number("memory.swap.max")
    both, memory = cgroup.number("", "memory.memsw.limit_in_bytes"), cgroup.number("", "memory.limit_in_bytes")
    if both is None or memory is None or _is_unlimited(cgroup, both):
        return None
    return max(0, both - memory)  # version 1 limits memory and swap together


def memory_usage(cgroup: Cgroup) -> int | None:
    """Return the memory that `cgroup` uses, in bytes, file cache included. Raises OSError, ValueError."""
    return cgroup.number("memory.current", "memory.usage_in_bytes")


def working_set(cgroup: Cgroup) -> int | None:
    """Return the memory that `cgroup` uses without inactive file pages, in bytes, as cAdvisor does.

    Raises OSError, ValueError.
    """
    usage = memory_usage(cgroup)
    key = "total_inactive_file" if cgroup.version == 1 else "inactive_file"
    inactive = cgroup.table("memory.stat", "memory.stat").get(key)
    if usage is None or inactive is None:
        return None
    return max(0, usage - count(inactive, f"{key} in memory.stat"))
