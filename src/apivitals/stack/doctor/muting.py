"""Alertmanager's time intervals: whether one is now.

https://prometheus.io/docs/alerting/latest/configuration/#time_interval
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    *("", "january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


def is_now(spans: Iterable[Mapping[str, Any]], now: datetime) -> bool:
    """Whether `now` is in one of the spans of a time interval.

    Raises:
        ValueError: one of them is not understood.
    """
    return any(_holds(span, now) for span in spans)


def _holds(span: Mapping[str, Any], now: datetime) -> bool:
    zone = str(span.get("location") or "UTC")
    try:
        there = now.astimezone(ZoneInfo(zone))
    except (KeyError, OSError):
        raise ValueError(f"the time zone {zone} is not known here") from None
    last = calendar.monthrange(there.year, there.month)[1]
    return (
        _in_times(span.get("times") or (), there.hour * 60 + there.minute)
        and _in_ranges(span.get("weekdays"), there.isoweekday() % 7, _WEEKDAYS)
        and _in_ranges(span.get("days_of_month"), there.day, before_first=last + 1)
        and _in_ranges(span.get("months"), there.month, _MONTHS)
        and _in_ranges(span.get("years"), there.year)
    )


def _in_times(times: Sequence[Mapping[str, Any]], minute: int) -> bool:
    return not times or any(_minute(one["start_time"]) <= minute < _minute(one["end_time"]) for one in times)


def _minute(time: object) -> int:
    hours, _, minutes = str(time).partition(":")
    return int(hours) * 60 + int(minutes)


def _in_ranges(ranges: Iterable[object] | None, value: int, names: Sequence[str] = (), before_first: int = 0) -> bool:
    """Whether one of ``first:last`` holds it; a negative number counts back from `before_first`. None holds all."""
    if not ranges:
        return True
    for each in ranges:
        first, _, last = str(each).lower().partition(":")
        low, high = (
            names.index(end) if end in names else int(end) + (before_first if int(end) < 0 else 0)
            for end in (first, last or first)
        )
        if low <= value <= high:
            return True
    return False
