"""This process, all its threads together.

https://opentelemetry.io/docs/specs/semconv/system/process-metrics/
"""

from __future__ import annotations

from apivitals.catalog.metric import Kind, Metric

CPU_MODE = "cpu.mode"
SWITCH_TYPE = "process.context_switch.type"
FAULT_TYPE = "system.paging.fault.type"
DISK_DIRECTION = "disk.io.direction"

CPU_TIME = Metric("process.cpu.time", Kind.COUNTER, "s", "CPU time that the process has used, by mode.", (CPU_MODE,))
CPU_UTILIZATION = Metric(
    "process.cpu.utilization",
    Kind.GAUGE,
    "1",
    "CPU time used since the last sample, as a ratio to the time of one CPU: several threads may take it past 1.",
    (CPU_MODE,),
)
MEMORY_USAGE = Metric(
    "process.memory.usage",
    Kind.GAUGE,
    "By",
    "Memory that the process has in RAM (resident), in bytes; what it shares with others is counted in each of them.",
)
MEMORY_VIRTUAL = Metric(
    "process.memory.virtual", Kind.GAUGE, "By", "Address space that the process has reserved, in bytes."
)
MEMORY_UNIQUE = Metric(
    "apivitals.process.memory.unique",
    Kind.GAUGE,
    "By",
    "Memory in RAM that no other process has a part in, in bytes: what its end would free. Read every 30 s.",
)
THREADS = Metric("process.thread.count", Kind.GAUGE, "{thread}", "Threads of the process.")
OPEN_FILES = Metric(
    "process.unix.file_descriptor.count",
    Kind.GAUGE,
    "{file_descriptor}",
    "Open file descriptors of the process, sockets included.",
)
OPEN_FILES_LIMIT = Metric(
    "apivitals.process.file_descriptor.limit",
    Kind.GAUGE,
    "{file_descriptor}",
    "File descriptors that the process may have open (the soft limit); absent without a limit.",
)
OPEN_FILES_UTILIZATION = Metric(
    "apivitals.process.file_descriptor.utilization",
    Kind.GAUGE,
    "1",
    "Open file descriptors as a ratio to the limit, from 0 to 1; absent without a limit.",
)
CONTEXT_SWITCHES = Metric(
    "process.context_switches",
    Kind.COUNTER,
    "{context_switch}",
    "Times that a thread of the process gave up its CPU, voluntary to wait for something, or involuntary.",
    (SWITCH_TYPE,),
)
PAGE_FAULTS = Metric(
    "process.paging.faults",
    Kind.COUNTER,
    "{fault}",
    "Times that the process touched memory that was not mapped, by type: for major ones something had to be read.",
    (FAULT_TYPE,),
)
DISK_IO = Metric(
    "process.disk.io",
    Kind.COUNTER,
    "By",
    "Bytes that the process caused to be read from and written to disks; what the file cache had is not read.",
    (DISK_DIRECTION,),
)
UPTIME = Metric("process.uptime", Kind.GAUGE, "s", "How long the process has been running.")
START_TIME = Metric(
    "apivitals.process.start_time", Kind.GAUGE, "s", "When the process was started, in seconds since 1970."
)
