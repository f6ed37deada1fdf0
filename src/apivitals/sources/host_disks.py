"""The host's file systems and disks, by psutil."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apivitals.catalog import host as catalog
from apivitals.families import Family
from apivitals.sources.readings import family

_MOST = 30  # series stay few on a host of hundreds of mounts or disks
_IMAGES = {"squashfs", "iso9660", "udf", "erofs", "cramfs"}  # full by nature


class Disks:
    """Reads file systems and disks."""

    def __init__(self, root: Path, machine: Any) -> None:
        self._blocks = root / "sys/block"
        self._machine = machine

    def filesystems(self) -> Iterator[Family]:
        """Yield the space of each real file system, under its shortest mount point, and of what is mounted at ``/``.

        That is the container's own, an overlay on a disk of the host, in a container: it fills up like any other.
        """
        usage: dict[tuple[str, ...], float] = {}
        ratio: dict[tuple[str, ...], float] = {}
        for partition in self._partitions():
            try:
                space = self._machine.disk_usage(partition.mountpoint)
            except OSError:  # unmounted since, or not ours to see
                continue
            if not space.total:
                continue
            labels = (partition.device, partition.mountpoint, partition.fstype)
            reserved = max(0, space.total - space.used - space.free)
            for state, size in (("used", space.used), ("free", space.free), ("reserved", reserved)):
                usage[(*labels, state)] = float(size)
            ratio[labels] = space.used / (space.used + space.free) if space.used + space.free else 1.0
        if usage:
            yield family(catalog.FILESYSTEM_USAGE, usage)
            yield family(catalog.FILESYSTEM_UTILIZATION, ratio)

    def _partitions(self) -> list[Any]:
        found: dict[str, Any] = {}
        physical = [part for part in self._machine.disk_partitions(all=False) if part.fstype not in _IMAGES]
        whole = [part for part in self._machine.disk_partitions(all=True) if part.mountpoint == "/"]
        for partition in sorted(whole[-1:] + physical, key=lambda part: len(part.mountpoint)):
            # one device is mounted in many places where single files are bound into a container
            if partition.device not in found and Path(partition.mountpoint).is_dir():
                found[partition.device] = partition
        return list(found.values())[:_MOST]

    def transfers(self) -> Iterator[Family]:
        """Yield bytes and operations of whole, physical disks: what is built on them would count them again."""
        counters = self._machine.disk_io_counters(perdisk=True, nowrap=False) or {}
        disks = [(name, disk) for name, disk in sorted(counters.items()) if self._is_physical(name)][:_MOST]
        if disks:
            yield family(
                catalog.DISK_IO,
                {
                    (n, way): d
                    for n, disk in disks
                    for way, d in (("read", disk.read_bytes), ("write", disk.write_bytes))
                },
            )
            yield family(
                catalog.DISK_OPERATIONS,
                {
                    (n, way): d
                    for n, disk in disks
                    for way, d in (("read", disk.read_count), ("write", disk.write_count))
                },
            )

    def _is_physical(self, name: str) -> bool:
        # Linux links a disk of a controller to its device; loops, RAM disks, mappings and RAID sets have none. Where
        # there is no /sys, psutil lists whole disks only.
        return not self._blocks.is_dir() or (self._blocks / name.replace("/", "!") / "device").exists()
