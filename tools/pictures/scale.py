"""Values to pixels, and where an axis has its ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

_DECIMAL, _BINARY = (1, 2, 2.5, 5, 10), (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_SECONDS = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 14400, 21600, 28800, 43200, 86400, 172800, 604800, 1209600, 2592000),
)
_DAY_SECONDS, _MINUTE_SECONDS = 86400, 60
BINARY_UNITS = frozenset({"bytes", "binBps", "bits", "binbps"})


@dataclass(frozen=True)
class Scale:
    """From `low` to `high`, drawn from pixel `begin` to pixel `end`."""

    low: float
    high: float
    begin: float
    end: float
    log_base: float = 0.0
    """Of a logarithmic scale; 0 is a linear one."""

    def __call__(self, value: float) -> float:
        """Return where a value is."""
        if self.log_base:
            smallest = max(self.low, 1e-12)
            share = math.log(max(value, smallest) / smallest) / math.log(max(self.high, smallest * 1.001) / smallest)
        else:
            share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.begin + (self.end - self.begin) * share


def covering(
    values: Sequence[float], *, low: float | None, high: float | None, soft: Sequence[float]
) -> tuple[float, float]:
    """Return the range of an axis: what is set, else what covers the values, from 0 where they begin near it."""
    known = [value for value in (*values, *soft) if math.isfinite(value)]
    lowest, highest = (min(known), max(known)) if known else (0.0, 1.0)
    if low is None and lowest >= 0 and (highest <= 0 or lowest / highest < 0.75):  # noqa: PLR2004 (about what uPlot does)
        lowest = 0.0
    lowest, highest = low if low is not None else lowest, high if high is not None else highest
    if highest <= lowest:
        return (lowest - abs(lowest) / 2, lowest + (abs(lowest) / 2 or 1.0)) if low is None else (lowest, lowest + 1.0)
    room = (highest - lowest) * 0.08
    return (
        lowest if low is not None or lowest == 0 else lowest - room,
        highest if high is not None else highest + room,
    )


def ticks(low: float, high: float, most: int, *, binary: bool = False) -> list[float]:
    """Return round values for at most so many ticks."""
    if high <= low or most < 1:
        return [low]
    wanted = (high - low) / most
    if binary:
        unit = 1024.0 ** math.floor(math.log(wanted, 1024)) if wanted >= 1 else 1.0
        step = next(unit * factor for factor in _BINARY if unit * factor >= wanted)
    else:
        unit = 10.0 ** math.floor(math.log10(wanted))
        step = next(unit * factor for factor in _DECIMAL if unit * factor >= wanted * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float, base: float) -> list[float]:
    """Return the powers of a base in a range."""
    first = math.floor(math.log(max(low, 1e-12), base))
    powers = [base**power for power in range(first, math.ceil(math.log(high, base)) + 1)]
    return [power for power in powers if low <= power <= high]


def time_ticks(begin: float, end: float, most: int) -> list[tuple[float, str]]:
    """Return times, in seconds since 1970, and how they are written in UTC."""
    wanted = (end - begin) / max(most, 1)
    step = next((seconds for seconds in _SECONDS if seconds >= wanted), _SECONDS[-1])
    form = "%m/%d" if step >= _DAY_SECONDS else "%H:%M" if step >= _MINUTE_SECONDS else "%H:%M:%S"
    first = math.ceil(begin / step)
    found = [number * step for number in range(first, math.floor(end / step) + 1)]
    if step < _DAY_SECONDS < end - begin:
        form = "%m/%d %H:%M"
    return [(at, datetime.fromtimestamp(at, timezone.utc).strftime(form)) for at in found]
