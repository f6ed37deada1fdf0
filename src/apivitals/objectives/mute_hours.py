"""Hours of the week in which alerts of some severities tell nobody."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from apivitals.objectives.receivers import SomeSeverities
from apivitals.objectives.values import Section

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MIDNIGHT, END_OF_DAY = "00:00", "24:00"
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)|24:00")
_MINUTES_A_DAY = 1440


def _time(value: Any) -> Any:
    # YAML 1.1 reads 22:00 without quotes as a number to the base of 60
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MINUTES_A_DAY:
        value = f"{value // 60:02}:{value % 60:02}"
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError('give a time of day between "00:00" and "24:00"')
    return value.zfill(len(MIDNIGHT))


def _days(value: Any) -> Any:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)):
        return value
    days = [day for item in items for day in _between(str(item))]
    if not days:
        raise ValueError("give at least one day")
    return tuple(day for day in DAYS if day in days)


def _between(text: str) -> Iterator[str]:
    ends = [part.strip().lower() for part in text.split("-")]
    numbers = [next((n for n, day in enumerate(DAYS) if part in {day, day[:3]}), -1) for part in ends]
    if len(ends) > 2 or -1 in numbers:  # noqa: PLR2004  # from and to
        raise ValueError(f"{text!r} is no day: monday to sunday, or a range as monday-friday")
    first, last = numbers[0], numbers[-1]
    for step in range((last - first) % len(DAYS) + 1):
        yield DAYS[(first + step) % len(DAYS)]


def _time_zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        # Where there is no database at all, Alertmanager, which has its own, finds out
        if zoneinfo.available_timezones() or not re.fullmatch(r"[A-Za-z0-9_+/-]+", value):
            raise ValueError(f"{value!r} is no time zone: Europe/Berlin, UTC") from None
    return value


_DAY_OR_RANGE = {"type": "string", "description": "A day, or a range of days: monday-friday."}
Days = Annotated[
    tuple[str, ...],
    BeforeValidator(_days),
    WithJsonSchema({"anyOf": [_DAY_OR_RANGE, {"type": "array", "items": _DAY_OR_RANGE}]}),
]
TimeOfDay = Annotated[
    str, BeforeValidator(_time), WithJsonSchema({"type": "string", "pattern": "^(([01]?\\d|2[0-3]):[0-5]\\d|24:00)$"})
]
TimeZone = Annotated[str, AfterValidator(_time_zone)]


class MuteHours(Section):
    """From `start` to `end` on these days; an `end` before the `start` is on the next day."""

    days: Days = Field(DAYS, description="Days of the week on which it begins, as `saturday-sunday`; all if left out.")
    start: TimeOfDay = Field(MIDNIGHT, description='From when, as `"22:00"`.')
    end: TimeOfDay = Field(END_OF_DAY, description='Until when, as `"07:00"`; on the next day if before `start`.')
    time_zone: TimeZone = Field("UTC", description="Time zone of the hours, as `Europe/Berlin`.")
    severities: SomeSeverities = Field(
        ("warning", "info"), description="What tells nobody meanwhile; `critical` only if it is named here."
    )

    @model_validator(mode="after")
    def _lasts(self) -> MuteHours:
        if self.start in {self.end, END_OF_DAY}:
            raise ValueError("start and end are the same time: for whole days leave both out")
        return self
