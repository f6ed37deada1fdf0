"""The host, as its operating system shows it: in a container too, where its totals are not what may be used."""

from __future__ import annotations

from apivitals.catalog.metric import Kind, Metric

CPU_MODE = "cpu.mode"
MEMORY_STATE = "system.memory.state"
PAGING_STATE = "system.paging.state"
DEVICE = "system.device"
MOUNTPOINT = "system.filesystem.mountpoint"
FILESYSTEM_TYPE = "system.filesystem.type"
FILESYSTEM_STATE = "system.filesystem.state"
DISK_DIRECTION = "disk.io.direction"
INTERFACE = "network.interface.name"
NETWORK_DIRECTION = "network.io.direction"

CPU_TIME = Metric(
    "system.cpu.time",
    Kind.COUNTER,
    "s",
    "Time that the host's CPUs spent in a mode, in seconds, all together.",
    (CPU_MODE,),
)
CPU_UTILIZATION = Metric(
    "system.cpu.utilization",
    Kind.GAUGE,
    "1",
    "Ratio of the time of all CPUs that went to a mode, since the last sample; the modes add up to 1.",
    (CPU_MODE,),
)
CPU_COUNT = Metric("system.cpu.logical.count", Kind.GAUGE, "{cpu}", "Logical CPUs of the host.")
LOAD = Metric(
    "apivitals.system.load_average",
    Kind.GAUGE,
    "{thread}",
    "Threads that run, or wait for a CPU or a disk, on average over the period (1m, 5m, 15m).",
    ("period",),
)
MEMORY_USAGE = Metric(
    "system.memory.usage",
    Kind.GAUGE,
    "By",
    "Memory of the host by state, in bytes; used is what programs hold, cached and buffers can be had back.",
    (MEMORY_STATE,),
)
MEMORY_UTILIZATION = Metric(
    "system.memory.utilization",
    Kind.GAUGE,
    "1",
    "Memory of the host by state, as a ratio to all of it.",
    (MEMORY_STATE,),
)
MEMORY_LIMIT = Metric("system.memory.limit", Kind.GAUGE, "By", "Memory that the host has, in bytes.")
MEMORY_AVAILABLE = Metric(
    "apivitals.system.memory.available",
    Kind.GAUGE,
    "By",
    "Memory of the host that programs can have without swapping, in bytes, as the system estimates it.",
)
PAGING_USAGE = Metric("system.paging.usage", Kind.GAUGE, "By", "Swap space by state, in bytes.", (PAGING_STATE,))
PAGING_UTILIZATION = Metric(
    "system.paging.utilization", Kind.GAUGE, "1", "Swap space by state, as a ratio to all of it.", (PAGING_STATE,)
)
FILESYSTEM_USAGE = Metric(
    "system.filesystem.usage",
    Kind.GAUGE,
    "By",
    "Space of a file system by state, in bytes; reserved is free for the administrator only.",
    (DEVICE, MOUNTPOINT, FILESYSTEM_TYPE, FILESYSTEM_STATE),
)
FILESYSTEM_UTILIZATION = Metric(
    "system.filesystem.utilization",
    Kind.GAUGE,
    "1",
    "Ratio of a file system's space, without what is reserved, that is used.",
    (DEVICE, MOUNTPOINT, FILESYSTEM_TYPE),
)
DISK_IO = Metric(
    "system.disk.io", Kind.COUNTER, "By", "Bytes read from and written to a disk.", (DEVICE, DISK_DIRECTION)
)
DISK_OPERATIONS = Metric(
    "system.disk.operations", Kind.COUNTER, "{operation}", "Reads and writes of a disk.", (DEVICE, DISK_DIRECTION)
)
NETWORK_IO = Metric(
    "system.network.io",
    Kind.COUNTER,
    "By",
    "Bytes that an interface received and sent; the loopback interface is left out.",
    (INTERFACE, NETWORK_DIRECTION),
)
NETWORK_PACKETS = Metric(
    "system.network.packet.count",
    Kind.COUNTER,
    "{packet}",
    "Packets that an interface received and sent.",
    (INTERFACE, NETWORK_DIRECTION),
)
NETWORK_ERRORS = Metric(
    "system.network.errors",
    Kind.COUNTER,
    "{error}",
    "Errors of an interface in receiving and sending.",
    (INTERFACE, NETWORK_DIRECTION),
)
NETWORK_DROPPED = Metric(
    "system.network.packet.dropped",
    Kind.COUNTER,
    "{packet}",
    "Packets that an interface dropped though nothing was wrong with them, in receiving and sending.",
    (INTERFACE, NETWORK_DIRECTION),
)
