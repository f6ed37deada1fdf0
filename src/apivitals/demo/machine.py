"""What the machine did between two scrapes: CPU, memory, event loop, GPU."""

import math
from dataclasses import dataclass, field

from apivitals.demo.scrape import Scrape

PROCESS_CPU = "process_cpu_time_seconds_total"
PROCESS_MEMORY = "process_memory_usage_bytes"
CPU_UTILIZATION = "apivitals_cpu_utilization"
MEMORY_UTILIZATION = "apivitals_memory_utilization"
LONGEST_LAG = "apivitals_event_loop_max_lag_seconds"
GPU_UTILIZATION = "hw_gpu_utilization"


@dataclass(frozen=True)
class Machine:
    """Ratios from 0 to 1, but for the process, which with several threads can use more than one CPU; NaN if unknown."""

    process_cpu_ratio: float = math.nan
    process_memory_bytes: float = math.nan
    cpu_ratio: float = math.nan
    memory_ratio: float = math.nan
    limit: str = ""
    """Whose CPU and memory the ratios are of: "container" or "host"."""
    longest_lag_seconds: float = math.nan
    gpu_ratios: list[float] = field(default_factory=list)


def read_machine(earlier: Scrape, later: Scrape) -> Machine:
    """Read the later scrape's samples, and the process's CPU time between the two."""
    seconds = later.at_seconds - earlier.at_seconds
    cpu = later.increase_since(earlier, PROCESS_CPU) if earlier.values(PROCESS_CPU) else {}
    limits = [dict(labels).get("limit", "") for labels in later.values(CPU_UTILIZATION)]
    gpus = later.values(GPU_UTILIZATION).items()
    return Machine(
        process_cpu_ratio=sum(cpu.values()) / seconds if cpu else math.nan,
        process_memory_bytes=_only(later, PROCESS_MEMORY),
        cpu_ratio=_only(later, CPU_UTILIZATION),
        memory_ratio=_only(later, MEMORY_UTILIZATION),
        limit=limits[0] if limits else "",
        longest_lag_seconds=_only(later, LONGEST_LAG),
        gpu_ratios=[value for labels, value in gpus if dict(labels).get("hw_gpu_task") == "general"],
    )


def _only(scrape: Scrape, name: str) -> float:
    return next(iter(scrape.values(name).values()), math.nan)
