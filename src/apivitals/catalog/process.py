"""The process that serves the requests."""

from __future__ import annotations

from apivitals.catalog.metric import Kind, Metric

CPU_MODE = "cpu.mode"

CPU_TIME = Metric("process.cpu.time", Kind.COUNTER, "s", "CPU time of the process by mode, in seconds.", (CPU_MODE,))
CPU_UTILIZATION = Metric(
    "process.cpu.utilization",
    Kind.GAUGE,
    "1",
    "CPU time of the process since the last sample by mode, as a ratio to one CPU: with several threads it can pass 1.",
    (CPU_MODE,),
)
MEMORY_USAGE = Metric("process.memory.usage", Kind.GAUGE, "By", "Resident memory of the process, in bytes.")
MEMORY_VIRTUAL = Metric("process.memory.virtual", Kind.GAUGE, "By", "Virtual memory of the process, in bytes.")
MEMORY_UNIQUE = Metric(
    "apivitals.process.memory.unique",
    Kind.GAUGE,
    "By",
    "Memory that would be free if the process ended, in bytes: resident, and not shared. Read every 30 s at most.",
)
THREADS = Metric("process.thread.count", Kind.GAUGE, "{thread}", "Threads of the process.")
OPEN_FILES = Metric(
    "process.unix.file_descriptor.count", Kind.GAUGE, "{file_descriptor}", "File descriptors that the process has open."
)
OPEN_FILES_LIMIT = Metric(
    "apivitals.process.file_descriptor.limit",
    Kind.GAUGE,
    "{file_descriptor}",
    "File descriptors that the process may have open, by its soft limit.",
)
OPEN_FILES_UTILIZATION = Metric(
    "apivitals.process.file_descriptor.utilization",
    Kind.GAUGE,
    "1",
    "Open file descriptors as a ratio to the soft limit.",
)
CONTEXT_SWITCHES = Metric(
    "process.context_switches",
    Kind.COUNTER,
    "{context_switch}",
    "Times that a thread of the process gave its CPU up (voluntary) or had to (involuntary).",
    ("process.context_switch.type",),
)
PAGE_FAULTS = Metric(
    "process.paging.faults",
    Kind.COUNTER,
    "{fault}",
    "Page faults of the process, with a disk to wait for (major) and without (minor).",
    ("system.paging.fault.type",),
)
UPTIME = Metric("process.uptime", Kind.GAUGE, "s", "Time since the process started, in seconds.")
