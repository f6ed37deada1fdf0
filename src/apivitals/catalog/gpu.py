"""NVIDIA GPUs, as their driver shows them.

Values are labelled with the GPU's UUID, `hw.id`, which stays the same, and `gpu.index`, which people know it by but
which changes with what a process is let see. What describes a GPU is on `apivitals.gpu` alone, to be joined by
`hw.id`. A MIG instance has a UUID of its own and the index "0:1", the second instance of the first GPU.
"""

from __future__ import annotations

from apivitals.catalog.metric import Kind, Metric

ID = "hw.id"
INDEX = "gpu.index"
TYPE = "hw.type"
TASK = "hw.gpu.task"
REASON = "reason"

_GPU = (ID, INDEX)

UP = Metric(
    "apivitals.gpu.up",
    Kind.GAUGE,
    "",
    "1 if something could be read from the GPU, else 0 with the reason (gpu_lost, no_permission, not_supported, "
    "unknown). If there is none to be read from, one series without hw.id says why (library_not_found, "
    "driver_not_loaded, version_mismatch, no_permission, not_supported, uninitialized, no_gpu, unknown).",
    (*_GPU, REASON),
)
ERRORS = Metric(
    "apivitals.gpu.errors",
    Kind.COUNTER,
    "{error}",
    "Times that the driver or a GPU failed to answer, by reason; what a GPU does not have is not counted.",
    (REASON,),
)
INFO = Metric(
    "apivitals.gpu",
    Kind.INFO,
    "",
    "The GPUs and their MIG instances, of which hw.parent is the GPU.",
    (*_GPU, "hw.name", "hw.model", "hw.vendor", "hw.driver_version", "hw.parent"),
)
UTILIZATION = Metric(
    "hw.gpu.utilization",
    Kind.GAUGE,
    "1",
    "Ratio of the driver's last period (a sixth of a second to a second) in which the GPU did something of the task: "
    "general (ran a kernel), memory_controller (read or wrote its memory), encoder, decoder.",
    (*_GPU, TASK),
)
MEMORY_USAGE = Metric(
    "hw.gpu.memory.usage",
    Kind.GAUGE,
    "By",
    "Memory of the GPU that is in use, in bytes, without what the driver reserves for itself (drivers from before 2022 "
    "may count that too).",
    _GPU,
)
MEMORY_LIMIT = Metric("hw.gpu.memory.limit", Kind.GAUGE, "By", "Memory that the GPU has, in bytes.", _GPU)
MEMORY_UTILIZATION = Metric(
    "hw.gpu.memory.utilization", Kind.GAUGE, "1", "Memory of the GPU that is in use, as a ratio to what it has.", _GPU
)
MIG_MEMORY_USAGE = Metric(
    "apivitals.gpu.mig.memory.usage",
    Kind.GAUGE,
    "By",
    "Memory of the MIG instance that is in use, in bytes; hw.gpu.memory.usage of the GPU includes it.",
    _GPU,
)
MIG_MEMORY_LIMIT = Metric(
    "apivitals.gpu.mig.memory.limit", Kind.GAUGE, "By", "Memory that the MIG instance has, in bytes.", _GPU
)
MIG_MEMORY_UTILIZATION = Metric(
    "apivitals.gpu.mig.memory.utilization",
    Kind.GAUGE,
    "1",
    "Memory of the MIG instance that is in use, as a ratio to what it has.",
    _GPU,
)
POWER = Metric("hw.power", Kind.GAUGE, "W", "Power that the GPU's board draws, in watts.", (*_GPU, TYPE))
POWER_LIMIT = Metric(
    "apivitals.gpu.power.limit", Kind.GAUGE, "W", "Power that the GPU is held to, in watts, by all limits.", _GPU
)
ENERGY = Metric(
    "hw.energy", Kind.COUNTER, "J", "Energy that the GPU used since its driver was loaded, in joules.", (*_GPU, TYPE)
)
TEMPERATURE = Metric("hw.temperature", Kind.GAUGE, "Cel", "Temperature of the GPU's chip, in degrees Celsius.", _GPU)
TEMPERATURE_LIMIT = Metric(
    "hw.temperature.limit",
    Kind.GAUGE,
    "Cel",
    "Temperature, in degrees Celsius, from which the GPU slows itself down (high.degraded) or off (high.critical).",
    (*_GPU, "hw.limit_type"),
)
CLOCK_FREQUENCY = Metric(
    "apivitals.gpu.clock.frequency",
    Kind.GAUGE,
    "Hz",
    "Frequency of the GPU's clocks (graphics, sm, memory, video), in hertz.",
    (*_GPU, "clock"),
)
CLOCKS_LIMITED = Metric(
    "apivitals.gpu.clocks_limited",
    Kind.GAUGE,
    "",
    "1 while the reason keeps the GPU's clocks from their highest frequency, else 0. With idle, or with clocks_setting "
    "or display, which someone chose, nothing is wrong.",
    (*_GPU, REASON),
)
HARDWARE_ERRORS = Metric(
    "hw.errors",
    Kind.COUNTER,
    "{error}",
    "Errors (corrected, uncorrected) that error-correcting memory of the GPU found since its driver was loaded.",
    (*_GPU, TYPE, "error.type"),
)
PCIE_THROUGHPUT = Metric(
    "apivitals.gpu.pcie.throughput",
    Kind.GAUGE,
    "By/s",
    "Bytes per second that the GPU sent or received over PCIe, in the 20 ms that the driver measured; off by default.",
    (*_GPU, "network.io.direction"),
)
PROCESS_MEMORY_USAGE = Metric(
    "apivitals.gpu.process.memory.usage",
    Kind.GAUGE,
    "By",
    "Memory of the GPU that a process uses, in bytes, by the id which the process has on the host, not in its "
    "container; off by default.",
    (*_GPU, "process.pid"),
)
