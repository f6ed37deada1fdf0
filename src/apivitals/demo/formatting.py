"""Numbers with their units, a few characters wide, and sparklines."""

import math
from collections.abc import Sequence

NOTHING = "-"
"""Shown for a number that does not exist (NaN)."""
_BARS = "▁▂▃▄▅▆▇█"


def seconds(value: float) -> str:
    """Write a duration in ms or s, to three digits: 4.21 ms, 421 ms, 4.21 s."""
    if not math.isfinite(value):
        return NOTHING
    in_ms = f"{three_digits(value * 1000)} ms"
    return in_ms if in_ms != "1000 ms" and value < 1 else f"{three_digits(value)} s"


def per_second(value: float) -> str:
    """Write a rate to one decimal; less than that, and not nothing, is "<0.1"."""
    if not math.isfinite(value):
        return NOTHING
    return "<0.1" if 0 < value < 0.05 else f"{value:.1f}"  # noqa: PLR2004 (what rounds to 0.0)


def percent(value: float) -> str:
    """Write a share: 0 %, 0.4 %, 12.5 %, 100 %."""
    if not math.isfinite(value):
        return NOTHING
    return f"{value:.0f} %" if value in {0, 100} else f"{value:.1f} %"


def bytes_per_second(value: float) -> str:
    """Write a bandwidth in decimal units, to three digits: 0 B/s, 12.3 kB/s, 4.56 MB/s."""
    return f"{size(value)}/s" if math.isfinite(value) else NOTHING


def size(value: float) -> str:
    """Write bytes in decimal units, to three digits: 0 B, 12.3 kB, 4.56 MB."""
    if not math.isfinite(value):
        return NOTHING
    for unit in ("B", "kB", "MB"):
        text = three_digits(value) if unit != "B" else f"{value:.0f}"
        if float(text) < 1000:  # noqa: PLR2004 (the step between units)
            return f"{text} {unit}"
        value /= 1000
    return f"{three_digits(value)} GB"


def three_digits(value: float) -> str:
    """Write a number of at least zero to three digits, without an exponent: 0.42, 4.21, 42.1, 421, 4210."""
    for decimals, below in ((2, 10), (1, 100)):
        text = f"{value:.{decimals}f}"
        if float(text) < below:
            return text
    return f"{value:.0f}"


def clock(elapsed_seconds: float) -> str:
    """Write an elapsed time as minutes and seconds: 0:07, 12:34."""
    minutes, rest = divmod(int(elapsed_seconds), 60)
    return f"{minutes}:{rest:02}"


def sparkline(values: Sequence[float], cells: int) -> str:
    """Draw the newest values, at most ``cells``, as bars between zero and the highest; right-aligned while few."""
    shown = values[-cells:]
    highest = max(shown, default=0.0)
    if not highest > 0:
        return (_BARS[0] * len(shown)).rjust(cells)
    return "".join(_BARS[round(value / highest * (len(_BARS) - 1))] for value in shown).rjust(cells)


def pairs(values: Sequence[float]) -> list[float]:
    """Halve a history: the mean of each two neighbours, counted from the newest; an odd oldest value is left out."""
    return [sum(values[end - 2 : end]) / 2 for end in range(len(values), 1, -2)][::-1]
