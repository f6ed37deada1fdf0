"""The container, as its control groups show it, and the limits that apply to this process.

"The container" is the control group that the process is in. A limit is the lowest of that group's and of every group
around it that can be seen from here.
"""

from __future__ import annotations

from apivitals.catalog.metric import Kind, Metric

CPU_MODE = "cpu.mode"
LIMIT = "limit"
RESOURCE = "resource"
SCOPE = "scope"

CPU_TIME = Metric(
    "container.cpu.time",
    Kind.COUNTER,
    "s",
    "CPU time that the container has used, by mode (user, system; empty where the kernel does not divide it).",
    (CPU_MODE,),
)
CPU_QUOTA = Metric(
    "apivitals.container.cpu.quota",
    Kind.GAUGE,
    "{cpu}",
    "CPUs' worth of time that the container may use; absent without a quota.",
)
CPU_PERIODS = Metric(
    "apivitals.container.cpu.periods",
    Kind.COUNTER,
    "{period}",
    "Periods in which the control group that sets the quota had something to run.",
)
CPU_THROTTLED_PERIODS = Metric(
    "apivitals.container.cpu.throttled_periods",
    Kind.COUNTER,
    "{period}",
    "Periods in which the quota was used up and the control group that sets it had to wait.",
)
CPU_THROTTLED = Metric(
    "apivitals.container.cpu.throttled",
    Kind.COUNTER,
    "s",
    "Time that the control group that sets the quota waited for its next period, added up over the CPUs.",
)
MEMORY_USAGE = Metric(
    "container.memory.usage", Kind.GAUGE, "By", "Memory that the container uses, file cache included, in bytes."
)
MEMORY_WORKING_SET = Metric(
    "container.memory.working_set",
    Kind.GAUGE,
    "By",
    "Memory that the container uses, without the file cache that it has not touched lately, in bytes.",
)
MEMORY_LIMIT = Metric(
    "apivitals.container.memory.limit",
    Kind.GAUGE,
    "By",
    "Memory that the container may use, in bytes; absent without a limit.",
)
SWAP_USAGE = Metric("apivitals.container.swap.usage", Kind.GAUGE, "By", "Swap space that the container uses, in bytes.")
SWAP_LIMIT = Metric(
    "apivitals.container.swap.limit",
    Kind.GAUGE,
    "By",
    "Swap space that the container may use, in bytes; absent without a limit.",
)
MEMORY_OOM_KILLS = Metric(
    "apivitals.container.memory.oom_kills",
    Kind.COUNTER,
    "{process}",
    "Processes of the container that were killed because memory ran out.",
)
MEMORY_EVENTS = Metric(
    "apivitals.container.memory.events",
    Kind.COUNTER,
    "{event}",
    "What the container's memory limits led to: max is a limit reached, oom one that could not be met by reclaiming.",
    ("event",),
)
PRESSURE_WAITING = Metric(
    "apivitals.pressure.waiting",
    Kind.COUNTER,
    "s",
    "Time in which some task waited for the resource (cpu, memory, io), in the container or, where only that is to be "
    "had, on the whole host: scope says which.",
    (RESOURCE, SCOPE),
)
PRESSURE_STALLED = Metric(
    "apivitals.pressure.stalled",
    Kind.COUNTER,
    "s",
    "Time in which every task that had work waited for the resource, so that nothing was done; also in waiting.",
    (RESOURCE, SCOPE),
)
PIDS = Metric("apivitals.container.pids", Kind.GAUGE, "{task}", "Processes and threads of the container.")
PIDS_LIMIT = Metric(
    "apivitals.container.pids_limit",
    Kind.GAUGE,
    "{task}",
    "Processes and threads that the container may have; absent without a limit.",
)

CPU_UTILIZATION = Metric(
    "apivitals.cpu.utilization",
    Kind.GAUGE,
    "1",
    "CPU time used since the last sample, as a ratio to the limit that applies: that of the container, which a burst "
    "may take past 1, or of the host, whose whole use it then is.",
    (LIMIT,),
)
CPU_LIMIT = Metric(
    "apivitals.cpu.limit", Kind.GAUGE, "{cpu}", "CPUs that apivitals.cpu.utilization is a ratio to.", (LIMIT,)
)
MEMORY_UTILIZATION = Metric(
    "apivitals.memory.utilization",
    Kind.GAUGE,
    "1",
    "Memory in use, as a ratio to the limit that applies: the working set to that of the container, or what is not "
    "available to that of the host.",
    (LIMIT,),
)
MEMORY_LIMIT_APPLIED = Metric(
    "apivitals.memory.limit",
    Kind.GAUGE,
    "By",
    "Memory that apivitals.memory.utilization is a ratio to, in bytes.",
    (LIMIT,),
)
