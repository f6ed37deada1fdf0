"""CPU, memory, disks, throttling and pressure."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.catalog import container, host, label_name, process
from apivitals.objectives import Levels
from apivitals.objectives.values import percentage_of
from apivitals.slo.alerting import About, Page, Text, alert, graded
from apivitals.slo.plan import Plan
from apivitals.slo.promql import number
from apivitals.slo.recording.resources import LIMIT, RESOURCE
from apivitals.slo.rule import Alert
from apivitals.slo.series import CPU, INSTANCE, MEMORY, THROTTLED, WAITING
from apivitals.slo.template import PERCENTAGE, RATE, THE_PERCENTAGE, asked, label, same

MOUNTPOINT, DEVICE = label_name(host.MOUNTPOINT), label_name(host.DEVICE)
INSTANCE_OF = f"{label('instance')} of {label('job')}"
_BYTES = "{{ . | first | value | humanize1024 }}B"


def ratio_alerts(  # noqa: PLR0913, PLR0917  # what differs between alerts of this form
    plan: Plan, name: str, page: Page, levels: Levels, value: str, what: str, first: str, *, held: str
) -> Iterator[Alert]:
    """Yield an alert for each level of a ratio per instance; `what` follows its value, `first` is what to look at."""
    for grade in graded(levels):
        yield alert(
            plan,
            About(name, page, "threshold", INSTANCE.labels),
            f"{value} >= {number(percentage_of(grade.threshold))}",
            grade.severity,
            Text(
                f"{INSTANCE_OF}: {THE_PERCENTAGE} {what}",
                f"{THE_PERCENTAGE} {what}; the threshold is {number(grade.threshold)} %. {first}",
            ),
            held=held,
        )


def machine_alerts(plan: Plan) -> Iterator[Alert]:
    """Yield the alerts on what the machine, or the container, has too little of."""
    select, thresholds = plan.select, plan.objectives.thresholds
    mine = same(*INSTANCE.labels)
    own = f"sum({select(process.CPU_UTILIZATION, *mine)})"
    limit = select(container.CPU_LIMIT, *mine)
    yield from ratio_alerts(
        plan,
        "ApiCpuHigh",
        "machine",
        thresholds.cpu_percent,
        select(CPU),
        f"of the CPU of the {label(LIMIT)} is used",
        f"Look first at whose it is: the process itself uses {asked(own, f'{RATE}', '?')} of"
        f" {asked(limit, f'{RATE}', '?')} CPUs; then at the throughput.",
        held="10m",
    )
    resident = select(process.MEMORY_USAGE, *mine)
    hour = select(process.MEMORY_USAGE, *mine, before="1h")
    all_of_it = select(container.MEMORY_LIMIT_APPLIED, *mine)
    yield from ratio_alerts(
        plan,
        "ApiMemoryHigh",
        "machine",
        thresholds.memory_percent,
        select(MEMORY),
        f"of the memory of the {label(LIMIT)} is used",
        f"Look first at whether it grows: the process itself has {asked(resident, _BYTES, '?')} of"
        f" {asked(all_of_it, _BYTES, '?')}{asked(hour, f', an hour ago {_BYTES}')}.",
        held="5m",
    )
    yield from _disks(plan)
    yield from ratio_alerts(
        plan,
        "ApiCpuThrottled",
        "machine",
        thresholds.cpu_throttled_percent,
        select(THROTTLED),
        "of the CPU periods ended in waiting for the container's quota",
        f"Look first at the quota, {asked(select(container.CPU_QUOTA, *mine), f'{RATE} CPUs', 'which is not known')}:"
        " short bursts are throttled although the average use is low.",
        held="10m",
    )
    yield from ratio_alerts(
        plan,
        "ApiPressure",
        "machine",
        thresholds.pressure_percent,
        select(WAITING),
        f"of the time some task waited for {label(RESOURCE)}",
        f"Look first at what else runs there: all tasks were stalled"
        f" {asked(_stalled(plan), PERCENTAGE, '0%')} of the time.",
        held="10m",
    )
    yield _killed(plan)


def _stalled(plan: Plan) -> str:
    return f"rate({plan.select(container.PRESSURE_STALLED, *same(*INSTANCE.labels, RESOURCE), over='5m')})"


def _disks(plan: Plan) -> Iterator[Alert]:
    free = plan.select(
        host.FILESYSTEM_USAGE, *same(*INSTANCE.labels, MOUNTPOINT), f'{label_name(host.FILESYSTEM_STATE)}="free"'
    )
    for grade in graded(plan.objectives.thresholds.disk_percent):
        used = f"max by ({INSTANCE.by}, {DEVICE}, {MOUNTPOINT}) ({plan.select(host.FILESYSTEM_UTILIZATION)})"
        yield alert(
            plan,
            About("ApiDiskFull", "machine", "threshold", INSTANCE.labels),
            f"{used} >= {number(percentage_of(grade.threshold))}",
            grade.severity,
            Text(
                f"{INSTANCE_OF}: {label(MOUNTPOINT)} is {THE_PERCENTAGE} full",
                f"{label(MOUNTPOINT)} ({label(DEVICE)}) is {THE_PERCENTAGE} full"
                f"{asked(free, f', {_BYTES} are free')}. Look first at what writes there: logs, uploads, caches.",
            ),
            held="10m",
        )


def _killed(plan: Plan) -> Alert:
    kills = f"sum by ({INSTANCE.by}) (increase({plan.select(container.MEMORY_OOM_KILLS, over='15m')}))"
    return alert(
        plan,
        About("ApiOutOfMemoryKill", "machine", "threshold", INSTANCE.labels),
        f"{kills} > 0",
        "critical",
        Text(
            f"{INSTANCE_OF}: a process was killed because memory ran out",
            "The container's memory limit was reached and the kernel killed a process, perhaps a worker with all its"
            " requests. Look first at the memory before it: a leak rises for hours, a large request does not.",
        ),
    )
