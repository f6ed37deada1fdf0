"""What will be full, or used up, if it goes on like this."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.catalog import container, host
from apivitals.slo.alerting import About, Text, alert
from apivitals.slo.first import of_subject
from apivitals.slo.objective import Objective, objectives_of
from apivitals.slo.plan import Plan
from apivitals.slo.promql import number
from apivitals.slo.recording.objectives import budget_window
from apivitals.slo.recording.resources import LIMIT
from apivitals.slo.rule import Alert
from apivitals.slo.series import INSTANCE
from apivitals.slo.template import PERCENTAGE, RATE, THE_DURATION, THE_PERCENTAGE, asked, label, same
from apivitals.slo.thresholds.machine import DEVICE, INSTANCE_OF, MOUNTPOINT

_HOUR = 3600
_DISK_PAST, _DISK_NOW = "6h", "0.6"
_MEMORY_PAST, _MEMORY_NOW = "1h", "0.6"
_BUDGET_NOW = "0.5"


def resource_forecasts(plan: Plan) -> Iterator[Alert]:
    """Yield the alerts on disks and memory that will be full. Now they are more than half full, and fuller."""
    hours = plan.objectives.thresholds.disk_full_hours
    if hours is not None:
        used = plan.select(host.FILESYSTEM_UTILIZATION)
        grows = _grows(plan, host.FILESYSTEM_UTILIZATION.exposed, _DISK_PAST, hours)
        yield alert(
            plan,
            About("ApiDiskFullSoon", "machine", "trend", INSTANCE.labels),
            f"max by ({INSTANCE.by}, {DEVICE}, {MOUNTPOINT}) (\n  {used} > {_DISK_NOW}\n  and\n  {grows}\n)",
            "warning",
            Text(
                f"{INSTANCE_OF}: {label(MOUNTPOINT)} will be full within {number(hours)} hours",
                f"{label(MOUNTPOINT)} ({label(DEVICE)}) is {THE_PERCENTAGE} full, and as it grew in the last"
                f" {_DISK_PAST} it is full within {number(hours)} hours. Look first at what writes there.",
            ),
            held="30m",
        )
    hours = plan.objectives.thresholds.memory_full_hours
    if hours is not None:
        used = plan.select(container.MEMORY_UTILIZATION)
        grows = _grows(plan, container.MEMORY_UTILIZATION.exposed, _MEMORY_PAST, hours)
        yield alert(
            plan,
            About("ApiMemoryFullSoon", "machine", "trend", INSTANCE.labels),
            f"max by ({INSTANCE.by}, {LIMIT}) (\n  {used} > {_MEMORY_NOW}\n  and\n  {grows}\n)",
            "warning",
            Text(
                f"{INSTANCE_OF}: memory will be full within {number(hours)} hours",
                f"{THE_PERCENTAGE} of the memory of the {label(LIMIT)} is used, and as it grew in the last"
                f" {_MEMORY_PAST} it is full within {number(hours)} hours. Look first at what was deployed: a leak"
                " begins with a release.",
            ),
            held="15m",
        )


def _grows(plan: Plan, series: str, past: str, hours: float) -> str:
    """Say that the line through `past` reaches 1 within `hours`, where there is that much of a past."""
    ahead = number(hours * _HOUR)
    then = plan.select(series, before=past)
    return f"predict_linear({plan.select(series, over=past)}, {ahead}) >= 1\n  and\n  {then}"


def budget_forecasts(plan: Plan) -> Iterator[Alert]:
    """Yield an alert for each objective whose error budget is, or soon will be, used up."""
    hours = plan.objectives.thresholds.budget_exhausted_hours
    if hours is not None:
        for objective in objectives_of(plan):
            yield _exhausted(plan, objective, hours)


def _exhausted(plan: Plan, objective: Objective, hours: float) -> Alert:
    select, level, matchers = plan.select, objective.subject.level, objective.matchers
    soon = f"{select(level.exhaustion, *matchers)} < {number(hours * _HOUR)}"
    little = f"{select(level.budget_remaining, *matchers)} < {_BUDGET_NOW}"
    still = f"{select(level.slo_ratio('6h'), *matchers)} > {number(objective.budget)}"
    bad = f"sum_over_time({select(level.slo_bad_counted, *matchers, over='6h')})"
    enough = f"{bad} >= {objective.subject.demands.minimum_bad_events}"
    a_day = select(level.slo_requests_counted, *matchers, before="1d")
    mine = same(*level.labels, *(name for name in objective.labels if name not in level.labels))
    left = asked(f"clamp_min({select(level.budget_remaining, *mine)}, 0)", PERCENTAGE, "little")
    burn = asked(select(level.burn_rate, *mine), RATE, "several")
    return alert(
        plan,
        About("ApiBudgetExhaustedSoon", "slo", "trend", level.labels),
        f"{soon}\nand\n{little}\nand\n{still}\nand\n{enough}\nand\n{a_day}",
        objective.subject.demands.severities.slow,
        Text(
            f"{of_subject(objective.subject)}: the error budget of {objective.words} will be used up in {THE_DURATION}",
            f"{left} of the budget of {budget_window(plan)} is left, and it burns {burn} times faster than allowed."
            " Look first at whether a slow burn alert was there before; until it is over, hold back risky changes.",
        ),
        held="30m",
        labels=objective.labels,
    )
