"""The time that is shown, and the step and windows that Grafana derives from it.

https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

_NICE_SECONDS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30),
    *(60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800, 2592000, 31536000),
)
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwy])")
SCRAPES_IN_A_RATE = 4


@dataclass(frozen=True)
class Times:
    """From `begin` to `end`, in seconds since 1970, for a panel that has room for so many points."""

    begin: float
    end: float
    scrape_seconds: float = 15.0
    """What the data source was told that the time between scrapes is."""
    points: int = 1000

    @property
    def range_seconds(self) -> float:
        """How long that is."""
        return self.end - self.begin

    def for_points(self, points: int | None) -> Times:
        """The same for a panel of another width."""
        return self if points is None else replace(self, points=points)

    def step_seconds(self, interval: str = "") -> float:
        """Return the time between two points: a round one, and no less than the time between scrapes."""
        shortest = seconds_of(interval.lstrip(">=")) if interval and "$" not in interval else self.scrape_seconds
        return max(_nice(self.range_seconds / max(self.points, 1)), shortest)

    def rate_seconds(self, interval: str = "") -> float:
        """Return ``$__rate_interval``: four scrapes, or a step and a scrape if that is more."""
        shortest = seconds_of(interval.lstrip(">=")) if interval and "$" not in interval else self.scrape_seconds
        return max(self.step_seconds(interval) + shortest, SCRAPES_IN_A_RATE * shortest)

    def aligned(self, step_seconds: float) -> tuple[float, float]:
        """Return begin and end as a range query has them: whole steps."""
        return self.begin // step_seconds * step_seconds, self.end // step_seconds * step_seconds

    def of_query(self, interval: str = "") -> dict[str, str]:
        """Return Grafana's own variables in a query."""
        step, rate = self.step_seconds(interval), self.rate_seconds(interval)
        return {
            "__interval": duration(step),
            "__interval_ms": f"{step * 1000:.0f}",
            "__rate_interval": duration(rate),
            "__range": f"{self.range_seconds:.0f}s",
            "__range_s": f"{self.range_seconds:.0f}",
            "__range_ms": f"{self.range_seconds * 1000:.0f}",
            "__from": f"{self.begin * 1000:.0f}",
            "__to": f"{self.end * 1000:.0f}",
        }

    def of_link(self) -> dict[str, str]:
        """Return Grafana's own variables in an address."""
        begin, end = f"{self.begin * 1000:.0f}", f"{self.end * 1000:.0f}"
        return {"__url_time_range": f"from={begin}&to={end}", "__from": begin, "__to": end}


def seconds_of(text: str) -> float:
    """Read a duration as ``15s`` or ``1m30s``.

    Raises:
        ValueError: it is none.
    """
    parts = _DURATION.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        raise ValueError(f"{text!r} is no duration: it should be as 15s, 500ms or 6h")
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)


def duration(seconds: float) -> str:
    """Write a duration for Prometheus, in milliseconds where it has some."""
    milliseconds = round(seconds * 1000)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def _nice(seconds: float) -> float:
    """Round as Grafana does: to the next step down once it is nearer."""
    for low, high in pairwise(_NICE_SECONDS):
        if seconds <= (low + high) / 2:
            return low
    return _NICE_SECONDS[-1]
