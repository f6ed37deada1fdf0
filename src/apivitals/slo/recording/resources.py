"""How busy machine and runtime are, as ratios, per instance."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.catalog import Metric, container, gpu, http, label_name, runtime
from apivitals.slo.promql import Select, total
from apivitals.slo.rule import Recording
from apivitals.slo.series import (
    BUSIEST,
    CLASS,
    CPU,
    GC_PAUSED,
    GPU,
    GPU_MEMORY,
    IN_FLIGHT,
    INSTANCE,
    JOB,
    LOOP_LATE,
    MEMORY,
    STALLED,
    THREADS,
    THROTTLED,
    WAITING,
)

LIMIT, RESOURCE = label_name(container.LIMIT), label_name(container.RESOURCE)
GPU_ID, GPU_INDEX, GPU_TASK = label_name(gpu.ID), label_name(gpu.INDEX), label_name(gpu.TASK)


def in_flight_rules(select: Select) -> Iterator[Recording]:
    """Yield the number of requests in flight."""
    yield Recording(IN_FLIGHT, f"sum by ({CLASS.by}) ({select(http.ACTIVE_REQUESTS)})")


def resource_rules(select: Select) -> Iterator[Recording]:
    """Yield the rules of the machine and the runtime."""
    yield Recording(CPU, _average(select, container.CPU_UTILIZATION, LIMIT))
    yield Recording(MEMORY, _average(select, container.MEMORY_UTILIZATION, LIMIT))
    used, size = select(runtime.THREAD_POOL_IN_USE, over="5m"), select(runtime.THREAD_POOL_SIZE)
    yield Recording(THREADS, f"max by ({INSTANCE.by}) (avg_over_time({used}) / {size})")
    yield Recording(LOOP_LATE, _share(select, total(runtime.EVENT_LOOP_LAG)))
    yield Recording(GC_PAUSED, _share(select, total(runtime.GC_PAUSE)))
    periods = select(container.CPU_PERIODS, over="5m")
    throttled = select(container.CPU_THROTTLED_PERIODS, over="5m")
    yield Recording(THROTTLED, f"max by ({INSTANCE.by}) (rate({throttled}) / (rate({periods}) > 0))")
    for record, metric in ((WAITING, container.PRESSURE_WAITING), (STALLED, container.PRESSURE_STALLED)):
        yield Recording(record, f"max by ({INSTANCE.by}, {RESOURCE}) (rate({select(metric, over='5m')}))")
    ratios = (CPU, MEMORY, THREADS)
    labelled = "\nor\n".join(
        f'label_replace(max by ({JOB.by}) ({select(record)}), "resource", "{name}", "", "")'
        for record, name in zip(ratios, ("cpu", "memory", "thread_pool"), strict=True)
    )
    yield Recording(BUSIEST, f"max by ({JOB.by}) (\n{_indented(labelled)}\n)")


def gpu_rules(select: Select) -> Iterator[Recording]:
    """Yield the rules of GPUs; of MIG instances, their memory."""
    by = f"{INSTANCE.by}, {GPU_ID}, {GPU_INDEX}"
    busy = select(gpu.UTILIZATION, f'{GPU_TASK}="general"', over="5m")
    yield Recording(GPU, f"max by ({by}) (avg_over_time({busy}))")
    memory = (gpu.MEMORY_UTILIZATION, gpu.MIG_MEMORY_UTILIZATION)
    parts = [f"max by ({by}) (avg_over_time({select(metric, over='5m')}))" for metric in memory]
    yield Recording(GPU_MEMORY, "\nor\n".join(parts))


def _average(select: Select, metric: Metric, label: str) -> str:
    return f"max by ({INSTANCE.by}, {label}) (avg_over_time({select(metric, over='5m')}))"


def _share(select: Select, seconds: str) -> str:
    return f"sum by ({INSTANCE.by}) (rate({select(seconds, over='5m')}))"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
