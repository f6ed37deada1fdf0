"""The host's CPU time by mode, as a counter that does not run backwards, and as shares of the time between readings."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

# psutil's fields, by OpenTelemetry's modes. A guest's time is in user and nice already.
_MODES = {
    "user": ("user",),
    "system": ("system",),
    "nice": ("nice",),
    "idle": ("idle",),
    "iowait": ("iowait",),
    "interrupt": ("irq", "softirq"),
    "steal": ("steal",),
}

# The kernel takes back a little of what it has counted as idle or as waiting for I/O, which a rate would see as a
# counter that began anew; a CPU that is taken out takes all of its time with it. node_exporter draws the line here too:
# https://github.com/prometheus/node_exporter/pull/2067
_BEGAN_ANEW_SECONDS = 3.0

_SHORTEST_SECONDS = 0.5  # the kernel counts in hundredths of a second: of less than this, little can be said

Modes = Mapping[str, float]


def by_mode(times: Any) -> dict[str, float]:
    """Translate `psutil.cpu_times()`, whose fields differ from system to system, to seconds by mode."""
    return {
        mode: float(sum(getattr(times, field, 0.0) for field in fields))
        for mode, fields in _MODES.items()
        if any(hasattr(times, field) for field in fields)
    }


def held(previous: Modes, current: Modes) -> tuple[dict[str, float], bool]:
    """Return `current` with what ran backwards a little held at `previous`, and whether the counters began anew."""
    if any(previous[mode] - current.get(mode, 0.0) >= _BEGAN_ANEW_SECONDS for mode in previous):
        return dict(current), True
    return {mode: max(seconds, previous.get(mode, seconds)) for mode, seconds in current.items()}, False


def shares(previous: Modes, current: Modes) -> dict[str, float]:
    """Return each mode's share of all time in between, from 0 to 1; nothing if there was none."""
    spent = {mode: max(0.0, seconds - previous.get(mode, seconds)) for mode, seconds in current.items()}
    total = sum(spent.values())
    return {mode: seconds / total for mode, seconds in spent.items()} if total > 0 else {}


class _Reading(NamedTuple):
    taken: float
    seconds: dict[str, float]


class CpuModes:
    """Keeps the reading that the next one is compared with. It is of the host: a forked child goes on with it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[str, float] = {}
        self._compared: _Reading | None = None
        self._shares: dict[str, float] = {}

    def read(self, times: Any) -> tuple[dict[str, float], dict[str, float]]:
        """Take a reading of `psutil.cpu_times()`: seconds by mode, and shares since the last reading.

        The shares are the last ones if that was less than half a second ago, and empty if there are none yet.
        """
        now = self._clock()
        self._held, began_anew = held(self._held, by_mode(times))
        if self._compared is None or began_anew:
            self._compared, self._shares = _Reading(now, self._held), {}
        elif now - self._compared.taken >= _SHORTEST_SECONDS:
            self._shares = shares(self._compared.seconds, self._held)
            self._compared = _Reading(now, self._held)
        return self._held, self._shares
