"""Durations as people write them."""

from __future__ import annotations

import re
from datetime import timedelta

_SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def parse(text: str) -> timedelta:
    """Read ``30m``, ``2h``, ``1h30m`` or ``1d``.

    Raises:
        ValueError: it is none, or nothing.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    seconds = 0
    if match is not None:
        seconds = sum(int(number) * size for number, size in zip(match.groups("0"), _SECONDS.values(), strict=True))
    try:
        if seconds:
            return timedelta(seconds=seconds)
    except OverflowError:
        pass
    raise ValueError(f"{text!r} is no duration: 30m, 2h, 1h30m, 1d")


def spelled(duration: timedelta) -> str:
    """Write a duration in its two largest units: ``2h 5m``; under a minute ``12s``."""
    left = max(0, round(duration.total_seconds()))
    parts: list[tuple[str, int]] = []
    for unit, size in list(_SECONDS.items())[1:]:
        number, left = divmod(left, size)
        if number and len(parts) < 2:  # noqa: PLR2004  # the two largest
            parts.append((unit, number))
    if len(parts) > 1 and parts[1][0] == "s":
        parts.pop()
    return " ".join(f"{number}{unit}" for unit, number in parts) or "0s"
