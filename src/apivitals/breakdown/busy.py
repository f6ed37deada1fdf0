"""How long at least one of several intervals was open: the length of their union."""

from __future__ import annotations

_SEGMENT_LIMIT = 256


class Busy:
    """The union of intervals that are added in the order in which they end.

    Memory is bounded: past 256 separate stretches the oldest is counted for good, and what begins before its end and
    ends only now counts that overlap again. It takes a call that outlives 256 others, none of which overlap.
    """

    __slots__ = ("_segments", "_settled")

    def __init__(self) -> None:
        self._settled = 0.0
        self._segments: list[tuple[float, float]] = []

    def add(self, started: float, ended: float) -> None:
        """Add an interval that ends no earlier than those before it."""
        segments = self._segments
        while segments and segments[-1][1] >= started:
            started = min(started, segments.pop()[0])
        segments.append((started, ended))
        if len(segments) > _SEGMENT_LIMIT:
            first, last = segments.pop(0)
            self._settled += last - first

    def seconds(self) -> float:
        """Return the union's length."""
        return self._settled + sum(ended - started for started, ended in self._segments)
