"""Mute hours as Alertmanager's time intervals, which end within a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from apivitals.objectives.mute_hours import DAYS, END_OF_DAY, MIDNIGHT, MuteHours


def interval_name(index: int) -> str:
    """Name the interval of the mute hours at `index`."""
    return f"mute-{index + 1}"


def named_intervals(mute_hours: Sequence[MuteHours]) -> list[dict[str, Any]]:
    """Return all as Alertmanager's file has them."""
    return [
        {"name": interval_name(index), "time_intervals": list(_spans(hours))} for index, hours in enumerate(mute_hours)
    ]


def muting(mute_hours: Sequence[MuteHours], severity: str) -> list[str]:
    """Name the intervals in which alerts of that severity tell nobody."""
    return [interval_name(index) for index, hours in enumerate(mute_hours) if severity in hours.severities]


def _spans(hours: MuteHours) -> Iterator[dict[str, Any]]:
    if hours.start < hours.end:  # they are as long as each other: 07:00, 24:00
        yield _span(hours, hours.days, hours.start, hours.end)
        return
    yield _span(hours, hours.days, hours.start, END_OF_DAY)
    if hours.end != MIDNIGHT:
        next_days = {DAYS[(DAYS.index(day) + 1) % len(DAYS)] for day in hours.days}
        yield _span(hours, tuple(day for day in DAYS if day in next_days), MIDNIGHT, hours.end)


def _span(hours: MuteHours, days: Sequence[str], start: str, end: str) -> dict[str, Any]:
    span: dict[str, Any] = {"location": hours.time_zone}
    if (start, end) != (MIDNIGHT, END_OF_DAY):
        span["times"] = [{"start_time": start, "end_time": end}]
    if len(days) < len(DAYS):
        span["weekdays"] = list(days)
    return span
