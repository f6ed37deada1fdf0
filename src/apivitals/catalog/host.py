"""The host, whole: in a container too it is the machine around it, not the container's share.

https://opentelemetry.io/docs/specs/semconv/system/system-metrics/
"""

from __future__ import annotations

from apivitals.catalog.metric import Kind, Metric

CPU_MODE = "cpu.mode"
PERIOD = "period"
MEMORY_STATE = "system.memory.state"
PAGING_STATE = "system.paging.state"
DEVICE = "system.device"
MOUNTPOINT = "system.filesystem.mountpoint"
FILESYSTEM_TYPE = "system.filesystem.type"
FILESYSTEM_STATE = "system.filesystem.state"
INTERFACE = "network.interface.name"
DISK_DIRECTION = "disk.io.direction"
NETWORK_DIRECTION = "network.io.direction"

CPU_TIME = Metric(
    "system.cpu.time",
    Kind.COUNTER,
    "s",
    "Time that the host's CPUs spent in each mode, added up over the CPUs; all modes together are all time.",
    (CPU_MODE,),
)
CPU_UTILIZATION = Metric(
    "system.cpu.utilization",
    Kind.GAUGE,
    "1",
    "Share of the time of all the host's CPUs together that was spent in each mode since the last sample, from 0 to 1.",
    (CPU_MODE,),
)
CPU_COUNT = Metric("system.cpu.logical.count", Kind.GAUGE, "{cpu}", "Logical CPUs of the host.")
LOAD = Metric(
    "apivitals.system.load_average",
    Kind.GAUGE,
    "{task}",
    "Tasks that ran, waited for a CPU or, on Linux, waited for a disk, on average over the period (1m, 5m, 15m).",
    (PERIOD,),
)
MEMORY_USAGE = Metric(
    "system.memory.usage",
    Kind.GAUGE,
    "By",
    "The host's memory by state, in bytes; used is what is not free, buffers or cached, so that they add up to all.",
    (MEMORY_STATE,),
)
MEMORY_LIMIT = Metric("system.memory.limit", Kind.GAUGE, "By", "All of the host's memory, in bytes.")
MEMORY_UTILIZATION = Metric(
    "system.memory.utilization",
    Kind.GAUGE,
    "1",
    "Share of the host's memory in each state, from 0 to 1.",
    (MEMORY_STATE,),
)
MEMORY_AVAILABLE = Metric(
    "system.memory.linux.available",
    Kind.GAUGE,
    "By",
    "Memory that programs could be given without swapping, as the kernel estimates it, in bytes.",
)
PAGING_USAGE = Metric(
    "system.paging.usage",
    Kind.GAUGE,
    "By",
    "The host's swap space by state (used, free), in bytes; absent without any.",
    (PAGING_STATE,),
)
PAGING_UTILIZATION = Metric(
    "system.paging.utilization",
    Kind.GAUGE,
    "1",
    "Share of the host's swap space in each state, from 0 to 1; absent without any.",
    (PAGING_STATE,),
)
FILESYSTEM_USAGE = Metric(
    "system.filesystem.usage",
    Kind.GAUGE,
    "By",
    "Space of the file system by state, in bytes: used, free for everybody, and reserved for the superuser.",
    (DEVICE, MOUNTPOINT, FILESYSTEM_TYPE, FILESYSTEM_STATE),
)
FILESYSTEM_LIMIT = Metric(
    "system.filesystem.limit",
    Kind.GAUGE,
    "By",
    "All space of the file system, in bytes.",
    (DEVICE, MOUNTPOINT, FILESYSTEM_TYPE),
)
FILESYSTEM_UTILIZATION = Metric(
    "system.filesystem.utilization",
    Kind.GAUGE,
    "1",
    "Used share of the file system's space, from 0 to 1; what is reserved for the superuser is left out, as df does.",
    (DEVICE, MOUNTPOINT, FILESYSTEM_TYPE),
)
DISK_IO = Metric(
    "system.disk.io",
    Kind.COUNTER,
    "By",
    "Bytes read from and written to the disk, partitions included.",
    (DEVICE, DISK_DIRECTION),
)
DISK_OPERATIONS = Metric(
    "system.disk.operations",
    Kind.COUNTER,
    "{operation}",
    "Reads and writes that the disk has completed; neighbouring ones that were merged count once.",
    (DEVICE, DISK_DIRECTION),
)
NETWORK_IO = Metric(
    "system.network.io",
    Kind.COUNTER,
    "By",
    "Bytes that the network interface has received and transmitted.",
    (INTERFACE, NETWORK_DIRECTION),
)
NETWORK_PACKETS = Metric(
    "system.network.packet.count",
    Kind.COUNTER,
    "{packet}",
    "Packets that the network interface has received and transmitted.",
    # The convention has system.device here, and here alone: errors per packet could not be divided.
    (INTERFACE, NETWORK_DIRECTION),
)
NETWORK_ERRORS = Metric(
    "system.network.errors",
    Kind.COUNTER,
    "{error}",
    "Errors of the network interface.",
    (INTERFACE, NETWORK_DIRECTION),
)
NETWORK_DROPPED = Metric(
    "system.network.packet.dropped",
    Kind.COUNTER,
    "{packet}",
    "Packets that the network interface dropped although there was nothing wrong with them.",
    (INTERFACE, NETWORK_DIRECTION),
)
