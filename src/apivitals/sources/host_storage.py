"""The host's file systems and disks: which of them are worth showing, and what they say."""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import psutil

from apivitals.catalog import host as catalog
from apivitals.families import Family, Number

MOST = 32  # of each, so that a machine with a thousand of them does not fill the page

_IN_MEMORY = frozenset({"tmpfs", "ramfs", "rootfs", "devtmpfs"})
_IMAGES = frozenset({"squashfs", "erofs", "cramfs", "iso9660", "udf"})  # always full, and never fuller
_VIRTUAL_DISK = "/virtual/block/"  # loop, ram, zram; dm and md count again what the disks below them count


class Mount(NamedTuple):
    """What is mounted where. A bind mount has the device of what it is bound to."""

    device: str
    point: str
    kind: str


def filesystems(everything: Iterable[Mount], local: Container[Mount]) -> list[Mount]:
    """Choose the file systems to show, each once however often it is mounted, at the shortest of its mount points.

    `local` are the mounts of block devices, out of `everything`, in the order of mounting. A container's root is no
    block device, but it is what fills up. Remote file systems are left out: one whose server is gone would hold up
    whoever asks it.
    """
    on_top = {mount.point: mount for mount in everything}  # a later mount hides an earlier one
    real = [
        mount
        for mount in on_top.values()
        if (mount in local or mount.point == "/") and mount.kind not in _IN_MEMORY | _IMAGES
    ]
    real.sort(key=lambda mount: (len(mount.point), mount.point))
    once: dict[str, Mount] = {}
    for mount in real:
        once.setdefault(mount.device, mount)
    return list(once.values())[:MOST]


def _mounts(*, everything: bool) -> list[Mount]:
    return [Mount(found.device, found.mountpoint, found.fstype) for found in psutil.disk_partitions(all=everything)]


def filesystem_families(root: Path, failures: dict[str, Exception]) -> Iterator[Family]:
    """Yield the space of the file systems, looked for below `root`. Raises OSError if the mounts cannot be read."""
    usage, limit, utilization = [], [], []
    for mount in filesystems(_mounts(everything=True), set(_mounts(everything=False))):
        place = root / mount.point.lstrip("/")
        try:
            if not os.path.isdir(place):  # noqa: PTH112  # a container's /etc/hosts: a file, mounted from elsewhere
                continue
            space = psutil.disk_usage(str(place))
        except (FileNotFoundError, PermissionError):
            continue  # another namespace's, or not for this user
        except OSError as error:
            failures["filesystem"] = error
            continue
        if space.total <= 0:
            continue
        limit.append(Number(mount, float(space.total)))
        reserved = max(0, space.total - space.used - space.free)
        for state, value in (("used", space.used), ("free", space.free), ("reserved", reserved)):
            usage.append(Number((*mount, state), float(value)))
        if space.used + space.free > 0:
            utilization.append(Number(mount, space.used / (space.used + space.free)))
    for metric, points in (
        (catalog.FILESYSTEM_USAGE, usage),
        (catalog.FILESYSTEM_LIMIT, limit),
        (catalog.FILESYSTEM_UTILIZATION, utilization),
    ):
        if points:
            yield Family(metric, metric.label_names, points)


def is_whole_disk(name: str, links: Mapping[str, str]) -> bool:
    """Say whether it is a disk, and not a partition or made of others. `links` is /sys/block, names to targets."""
    target = links.get(name.replace("/", "!"))  # as sysfs writes names like cciss/c0d0
    return target is not None and _VIRTUAL_DISK not in target


def _block_devices(root: Path) -> dict[str, str]:
    return {entry.name: str(entry.readlink()) for entry in (root / "sys/block").iterdir() if entry.is_symlink()}


def disk_families(root: Path) -> Iterator[Family]:
    """Yield bytes and operations of the disks. Raises FileNotFoundError if disks cannot be told from partitions."""
    # As the kernel counts: what psutil would do about counters that began anew, rate() does better.
    counters = psutil.disk_io_counters(perdisk=True, nowrap=False)
    names = sorted(counters)
    if sys.platform == "linux":
        links = _block_devices(root)
        names = [name for name in names if is_whole_disk(name, links)]
    points = {
        catalog.DISK_IO: [
            Number((name, direction), float(value))
            for name in names[:MOST]
            for direction, value in (("read", counters[name].read_bytes), ("write", counters[name].write_bytes))
        ],
        catalog.DISK_OPERATIONS: [
            Number((name, direction), float(value))
            for name in names[:MOST]
            for direction, value in (("read", counters[name].read_count), ("write", counters[name].write_count))
        ],
    }
    for metric, numbers in points.items():
        if numbers:
            yield Family(metric, metric.label_names, numbers)
