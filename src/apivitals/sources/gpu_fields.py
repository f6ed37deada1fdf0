"""What a GPU is asked: each field by calls of its own, so that one which a GPU does not have costs only itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from apivitals.catalog import Metric
from apivitals.catalog import gpu as catalog
from apivitals.sources.nvml import NOT_SUPPORTED, Nvml, NvmlError

_HW_TYPE = "gpu"
_MIG_ENABLED = 1


class Reading(NamedTuple):
    """A value with its labels after the GPU's own."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


Read = Callable[[Nvml, Any], list[Reading]]


class Texts(NamedTuple):
    """How a GPU or MIG instance is called."""

    uuid: str
    model: str


def texts(nvml: Nvml, device: Any) -> Texts:
    """Ask for the UUID, and for the name, which may be empty."""
    uuid, name = nvml.call("nvmlDeviceGetUUID", device), ""
    with suppress(NvmlError):
        name = nvml.call("nvmlDeviceGetName", device)
    return Texts(uuid, name)


def mig_handles(nvml: Nvml, device: Any) -> list[tuple[int, Any]]:
    """Return a GPU's MIG instances with their places, of which some may be empty."""
    mode, _pending = nvml.call("nvmlDeviceGetMigMode", device)
    found: list[tuple[int, Any]] = []
    if mode != _MIG_ENABLED:
        return found
    for place in range(nvml.call("nvmlDeviceGetMaxMigDeviceCount", device)):
        try:
            found.append((place, nvml.call("nvmlDeviceGetMigDeviceHandleByIndex", device, place)))
        except NvmlError as error:
            if error.reason != NOT_SUPPORTED:
                raise
    return found


class MemoryInfo(NamedTuple):
    """In bytes."""

    used: int
    total: int


def memory_info(nvml: Nvml, device: Any) -> MemoryInfo:
    """Ask for the memory of a GPU or MIG instance, by version 2 of the call if the driver has it.

    Version 1 counts as used what newer drivers reserve for themselves.
    """
    call = "nvmlDeviceGetMemoryInfo"
    info = _first_supported(nvml, (call, device, nvml.constant("nvmlMemory_v2")), (call, device))
    return MemoryInfo(info.used, info.total)


def memory_readings(info: MemoryInfo, usage: Metric, limit: Metric, utilization: Metric) -> list[Reading]:
    """Say the same in three metrics."""
    readings = [Reading(usage, (), info.used), Reading(limit, (), info.total)]
    return [*readings, Reading(utilization, (), info.used / info.total)] if info.total else readings


def _first_supported(nvml: Nvml, *calls: tuple[Any, ...]) -> Any:
    for call in calls[:-1]:
        try:
            return nvml.call(*call)
        except NvmlError as error:
            if error.reason != NOT_SUPPORTED:
                raise
    return nvml.call(*calls[-1])


def _utilization(nvml: Nvml, device: Any) -> list[Reading]:
    rates = nvml.call("nvmlDeviceGetUtilizationRates", device)
    return [
        Reading(catalog.UTILIZATION, ("general",), rates.gpu / 100),
        Reading(catalog.UTILIZATION, ("memory_controller",), rates.memory / 100),
    ]


def _codec(task: str, function: str) -> Read:
    def read(nvml: Nvml, device: Any) -> list[Reading]:
        percent, _period = nvml.call(function, device)
        return [Reading(catalog.UTILIZATION, (task,), percent / 100)]

    return read


def _memory(nvml: Nvml, device: Any) -> list[Reading]:
    metrics = (catalog.MEMORY_USAGE, catalog.MEMORY_LIMIT, catalog.MEMORY_UTILIZATION)
    return memory_readings(memory_info(nvml, device), *metrics)


def _number(
    metric: Metric, labels: tuple[str, ...], convert: Callable[[int], float], function: str, *constants: str
) -> Read:
    """Make the reader of a call that returns one number, which `convert` brings to the metric's unit."""

    def read(nvml: Nvml, device: Any) -> list[Reading]:
        value = nvml.call(function, device, *map(nvml.constant, constants))
        return [Reading(metric, labels, convert(value))]

    return read


def _from_milli(value: int) -> float:
    return value / 1000


def _from_mega(value: int) -> float:
    return value * 1e6


def _from_kibi(value: int) -> float:
    return value * 1024.0


_CLOCKS_LIMITED = {
    "idle": 0x1,
    "clocks_setting": 0x2,
    "power_cap": 0x4,
    "hw_slowdown": 0x8,
    "sync_boost": 0x10,
    "sw_thermal": 0x20,
    "hw_thermal": 0x40,
    "power_brake": 0x80,
    "display": 0x100,
}


def _clocks_limited(nvml: Nvml, device: Any) -> list[Reading]:
    reasons = _first_supported(
        nvml,
        ("nvmlDeviceGetCurrentClocksEventReasons", device),
        ("nvmlDeviceGetCurrentClocksThrottleReasons", device),  # its name before driver 535
    )
    return [
        Reading(catalog.CLOCKS_LIMITED, (name,), float(bool(reasons & bit))) for name, bit in _CLOCKS_LIMITED.items()
    ]


def _processes(nvml: Nvml, device: Any) -> list[Reading]:
    """Read what each process uses; one that computes and draws is in both lists with the same number."""
    memory: dict[int, int] = {}
    for kind in ("Compute", "Graphics"):
        found: dict[int, int] = {}
        for process in nvml.call(f"nvmlDeviceGet{kind}RunningProcesses_v3", device):
            if process.usedGpuMemory is not None:
                # once for each MIG instance that it uses
                found[process.pid] = found.get(process.pid, 0) + process.usedGpuMemory
        memory |= found
    return [Reading(catalog.PROCESS_MEMORY_USAGE, (str(pid),), used) for pid, used in memory.items()]


_ENERGY = "nvmlDeviceGetTotalEnergyConsumption"
_THRESHOLD = "nvmlDeviceGetTemperatureThreshold"

FIELDS: dict[str, Read] = (
    {
        "utilization": _utilization,
        "encoder": _codec("encoder", "nvmlDeviceGetEncoderUtilization"),
        "decoder": _codec("decoder", "nvmlDeviceGetDecoderUtilization"),
        "memory": _memory,
        "power": _number(catalog.POWER, (_HW_TYPE,), _from_milli, "nvmlDeviceGetPowerUsage"),
        "power_limit": _number(catalog.POWER_LIMIT, (), _from_milli, "nvmlDeviceGetEnforcedPowerLimit"),
        "energy": _number(catalog.ENERGY, (_HW_TYPE,), _from_milli, _ENERGY),
        "temperature": _number(catalog.TEMPERATURE, (), float, "nvmlDeviceGetTemperature", "NVML_TEMPERATURE_GPU"),
        "clocks_limited": _clocks_limited,
    }
    | {
        f"temperature_limit_{limit}": _number(catalog.TEMPERATURE_LIMIT, (limit,), float, _THRESHOLD, constant)
        for limit, constant in {
            "high.degraded": "NVML_TEMPERATURE_THRESHOLD_SLOWDOWN",
            "high.critical": "NVML_TEMPERATURE_THRESHOLD_SHUTDOWN",
        }.items()
    }
    | {
        f"clock_{clock}": _number(catalog.CLOCK_FREQUENCY, (clock,), _from_mega, "nvmlDeviceGetClockInfo", constant)
        for clock, constant in {
            "graphics": "NVML_CLOCK_GRAPHICS",
            "sm": "NVML_CLOCK_SM",
            "memory": "NVML_CLOCK_MEM",
            "video": "NVML_CLOCK_VIDEO",
        }.items()
    }
    | {
        f"errors_{kind}": _number(
            catalog.HARDWARE_ERRORS,
            (_HW_TYPE, kind),
            float,
            "nvmlDeviceGetTotalEccErrors",
            constant,
            "NVML_VOLATILE_ECC",
        )
        for kind, constant in {
            "corrected": "NVML_MEMORY_ERROR_TYPE_CORRECTED",
            "uncorrected": "NVML_MEMORY_ERROR_TYPE_UNCORRECTED",
        }.items()
    }
)

# Each of the two blocks for the 20 ms that the driver measures, with the driver's lock held.
PCIE: dict[str, Read] = {
    f"pcie_{direction}": _number(
        catalog.PCIE_THROUGHPUT, (direction,), _from_kibi, "nvmlDeviceGetPcieThroughput", constant
    )
    for direction, constant in {
        "receive": "NVML_PCIE_UTIL_RX_BYTES",
        "transmit": "NVML_PCIE_UTIL_TX_BYTES",
    }.items()
}

# Takes some milliseconds.
PROCESSES: dict[str, Read] = {"processes": _processes}
