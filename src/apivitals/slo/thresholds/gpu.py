"""GPUs that are busy, full, held back, failing or gone. A machine without one has none of these series."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.catalog import gpu, label_name
from apivitals.objectives.values import percentage_of
from apivitals.slo.alerting import About, Text, alert, graded
from apivitals.slo.plan import Plan
from apivitals.slo.promql import number
from apivitals.slo.recording.resources import GPU_ID, GPU_INDEX
from apivitals.slo.rule import Alert
from apivitals.slo.series import ERROR_TYPE, GPU, GPU_MEMORY, INSTANCE
from apivitals.slo.targets import present
from apivitals.slo.template import COUNT, THE_PERCENTAGE, asked, label, of, same
from apivitals.slo.thresholds.machine import INSTANCE_OF

REASON = label_name(gpu.REASON)
_A_GPU = f"{INSTANCE.by}, {GPU_ID}, {GPU_INDEX}"
_WHICH = f"GPU {label(GPU_INDEX)} of {INSTANCE_OF}"
_HELD_BACK = "hw_slowdown|sw_thermal|hw_thermal|power_brake"  # a power cap is normal for a GPU that works hard
_HELD_BACK_RATIO = "0.5"


def gpu_alerts(plan: Plan) -> Iterator[Alert]:
    """Yield the alerts on GPUs."""
    yield from _busy(plan)
    yield from _memory(plan)
    yield _held_back(plan)
    yield _ecc(plan)
    yield _lost(plan)


def _about(name: str) -> About:
    return About(name, "gpu", "threshold", INSTANCE.labels)


def _busy(plan: Plan) -> Iterator[Alert]:
    for grade in graded(plan.objectives.thresholds.gpu_percent):
        yield alert(
            plan,
            _about("ApiGpuBusy"),
            f"{plan.select(GPU)} >= {number(percentage_of(grade.threshold))}",
            grade.severity,
            Text(
                f"{_WHICH} is {THE_PERCENTAGE} busy",
                f"It ran something {THE_PERCENTAGE} of the time; the threshold is {number(grade.threshold)} %. Look"
                " first at whether requests wait for it: gen_ai in the breakdown, and the response time.",
            ),
            held="15m",
        )


def _memory(plan: Plan) -> Iterator[Alert]:
    used = plan.select(gpu.MEMORY_USAGE, *same(*INSTANCE.labels, GPU_ID))
    for grade in graded(plan.objectives.thresholds.gpu_memory_percent):
        yield alert(
            plan,
            _about("ApiGpuMemoryHigh"),
            f"{plan.select(GPU_MEMORY)} >= {number(percentage_of(grade.threshold))}",
            grade.severity,
            Text(
                f"{_WHICH}: {THE_PERCENTAGE} of its memory is used",
                f"{asked(used, '{{ . | first | value | humanize1024 }}B are used, ')}{THE_PERCENTAGE}; the threshold"
                f" is {number(grade.threshold)} %. Look first at batch sizes and at what else uses the GPU.",
            ),
            held="5m",
        )


def _held_back(plan: Plan) -> Alert:
    limited = plan.select(gpu.CLOCKS_LIMITED, f'{REASON}=~"{_HELD_BACK}"', over="10m")
    temperature = plan.select(gpu.TEMPERATURE, *same(*INSTANCE.labels, GPU_ID))
    return alert(
        plan,
        _about("ApiGpuThrottled"),
        f"max by ({_A_GPU}, {REASON}) (avg_over_time({limited})) >= {_HELD_BACK_RATIO}",
        "warning",
        Text(
            f"{_WHICH} is slowed down ({label(REASON)})",
            f"{THE_PERCENTAGE} of the last 10 minutes its clocks were held back by {label(REASON)}"
            f"{asked(temperature, f'; it is at {COUNT} °C')}. Look first at cooling and power.",
        ),
        held="5m",
    )


def _ecc(plan: Plan) -> Alert:
    errors = plan.select(gpu.HARDWARE_ERRORS, f'{ERROR_TYPE}="uncorrected"', over="1h")
    return alert(
        plan,
        _about("ApiGpuEccErrors"),
        f"sum by ({_A_GPU}) (increase({errors})) > 0",
        "critical",
        Text(
            f"{_WHICH} has uncorrected memory errors",
            "Its memory gave wrong values that could not be corrected, in the last hour: what ran on it is to be"
            " mistrusted. Look first at nvidia-smi -q -d ECC, and reset or replace the GPU.",
        ),
    )


def _lost(plan: Plan) -> Alert:
    up = plan.select(gpu.UP, f'{GPU_ID}!=""')
    hour = plan.select(gpu.UP, f'{GPU_ID}!=""', over="1h")
    silent = f"max by ({_A_GPU}) ({up}) == 0"
    vanished = (
        f"0 * max by ({_A_GPU}) (max_over_time({hour})) unless on ({INSTANCE.by}, {GPU_ID}) {up}"
        f" and on (job) {present(plan.select)}"
    )
    mine = plan.select(gpu.UP, *same(*INSTANCE.labels, GPU_ID))
    return alert(
        plan,
        _about("ApiGpuLost"),
        f"{silent}\nor\n({vanished})",
        "critical",
        Text(
            f"{_WHICH} does not answer",
            f"Nothing can be read from it{asked(mine, f' ({of(REASON)})')}. Look first at the kernel log (Xid) and at"
            " nvidia-smi; a lost GPU comes back with a reset or a reboot.",
        ),
        held="2m",
    )
