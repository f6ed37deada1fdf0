"""The heatmap panel, of a histogram's buckets over time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.pictures.axes import ABOVE, BELOW, TICK_SIZE, draw_events, draw_times
from tools.pictures.data import Data
from tools.pictures.markup import label, svg, tag, text_width
from tools.pictures.palette import Theme
from tools.pictures.room import Room
from tools.pictures.scale import Scale
from tools.pictures.units import formatted

_LEGEND = 34
_TICK_PIXELS = 16


@dataclass(frozen=True)
class Bucket:
    """One line of cells: up to `bound`, and how many there were at each time."""

    bound: float
    counts: Mapping[float, float]


def buckets(data: Data) -> list[Bucket]:
    """Return the lines of cells, from the lowest bound: each what its bucket has that the one below has not."""
    summed: dict[float, dict[float, float]] = {}
    for one in data.numbers():
        try:
            bound = float(one.field.labels.get("le") or one.name)
        except ValueError:
            continue
        at = summed.setdefault(bound, {})
        for time, value in zip(one.times, one.field.values, strict=True):
            if isinstance(value, (int, float)) and math.isfinite(value):
                at[time] = at.get(time, 0.0) + float(value)
    made: list[Bucket] = []
    below: Mapping[float, float] = {}
    for bound in sorted(summed):
        counts = summed[bound]
        made.append(Bucket(bound, {time: max(count - below.get(time, 0.0), 0.0) for time, count in counts.items()}))
        below = counts
    return made


def heatmap(data: Data, room: Room) -> str:
    """Draw it."""
    width, height, theme = room.width, room.height, room.theme
    options = data.panel.options
    lines = buckets(data)
    y_axis = options.get("yAxis") or {}
    unit = str(y_axis.get("unit") or (data.panel.field_config.get("defaults") or {}).get("unit") or "")
    names = ["+Inf" if math.isinf(one.bound) else str(formatted(one.bound, unit)) for one in lines]
    has_legend = bool((options.get("legend") or {}).get("show", True))
    left = max((text_width(name, TICK_SIZE) for name in names), default=20.0) + 12
    high = height - (_LEGEND if has_legend else 0)
    bottom, right = high - BELOW, width - 12
    x = Scale(data.times.begin, data.times.end, left, right)
    y = Scale(0, max(len(lines), 1), bottom, ABOVE)
    paint = _Paint.of(lines, options, theme)
    parts = [draw_times(data.times, x, ABOVE, bottom, theme)]
    step = data.times.step_seconds(data.panel.targets[0].interval if data.panel.targets else "")
    wide = max(x(data.times.begin + step) - left, 1.5)
    for number, one in enumerate(lines):
        for time, count in one.counts.items():
            if count > paint.least:
                size = {"width": wide + 0.4, "height": y(number) - y(number + 1) - 0.5}
                parts.append(tag("rect", x=x(time) - wide, y=y(number + 1), fill=paint.color(count), **size))
    parts += _bounds(names, y, left, theme)
    parts.append(draw_events(data, x, ABOVE, bottom, theme))
    color = theme.color(str((options.get("exemplars") or {}).get("color") or "rgba(255,0,255,0.7)"))
    for time, value, _ in data.exemplars:
        parts.append(tag("circle", cx=x(time), cy=y(_place(value, lines)), r=3.5, fill=color, stroke=theme.panel))
    if has_legend:
        parts.append(_scale(paint, left, high + 8, theme, str((options.get("cellValues") or {}).get("unit") or "")))
    return svg(width, height, *parts)


def _bounds(names: Sequence[str], y: Scale, left: float, theme: Theme) -> list[str]:
    every = max(1, math.ceil(_TICK_PIXELS / max(y(0) - y(1), 0.1)))
    return [
        label(name, left - 8, y(number + 1) + 4, size=TICK_SIZE, anchor="end", fill=theme.text)
        for number, name in enumerate(names)
        if number % every == 0
    ]


def _place(value: float, lines: Sequence[Bucket]) -> float:
    """Return the middle of the line that a value belongs to."""
    return next((number + 0.5 for number, one in enumerate(lines) if value <= one.bound), len(lines) - 0.5)


@dataclass(frozen=True)
class _Paint:
    least: float
    most: float
    exponent: float
    scheme: str
    is_reversed: bool
    theme: Theme

    @classmethod
    def of(cls, lines: Sequence[Bucket], options: Mapping[str, Any], theme: Theme) -> _Paint:
        color = options.get("color") or {}
        counts = [count for one in lines for count in one.counts.values()]
        least = float((options.get("filterValues") or {}).get("le") or 1e-9)
        most = float(color["max"]) if color.get("max") is not None else max(counts, default=1.0)
        is_flat = color.get("scale") == "linear"
        exponent = 1.0 if is_flat else float(color.get("exponent") or 0.5)
        return cls(
            least, most or 1.0, exponent, str(color.get("scheme") or "Oranges"), bool(color.get("reverse")), theme
        )

    def color(self, count: float) -> str:
        share = min(count / self.most, 1.0) ** self.exponent
        return self.theme.heat(self.scheme, share, reverse=self.is_reversed)


def _scale(paint: _Paint, x: float, y: float, theme: Theme, unit: str) -> str:
    width = 160
    parts = [
        tag("rect", x=x + at, y=y, width=2.5, height=10, fill=paint.color(paint.most * at / width))
        for at in range(0, width, 2)
    ]
    for share in (0.0, 0.5, 1.0):
        text = str(formatted(paint.most * share, unit))
        parts.append(label(text, x + width * share, y + 22, size=10, anchor="middle", fill=theme.text))
    return "".join(parts)
