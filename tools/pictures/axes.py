"""A graph's axes, grid, events and thresholds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tools.pictures.data import Data, Shown
from tools.pictures.field_config import Config
from tools.pictures.markup import label, tag, text_width
from tools.pictures.palette import Theme
from tools.pictures.scale import BINARY_UNITS, Scale, covering, log_ticks, ticks, time_ticks
from tools.pictures.steps import Times

TICK_SIZE = 12
BELOW, ABOVE = 22, 8
_TICK_PIXELS, _TIME_PIXELS = 36, 90
_LABEL_PIXELS = 20


@dataclass(frozen=True)
class Axis:
    """One axis of values: its series' scale and how its ticks are written."""

    scale: Scale
    config: Config
    side: str
    """``left`` or ``right``."""

    def ticks(self) -> list[tuple[float, str]]:
        """Return where ticks are, and their texts."""
        if self.scale.log_base:
            values = log_ticks(self.scale.low, self.scale.high, self.scale.log_base)
        else:
            most = max(2, int(abs(self.scale.begin - self.scale.end) / _TICK_PIXELS))
            values = ticks(self.scale.low, self.scale.high, most, binary=self.config.unit in BINARY_UNITS)
        return [(value, str(self.config.text(round(value, 12) + 0.0))) for value in values]

    @property
    def name(self) -> str:
        """What is written along it."""
        return str(self.config.custom.get("axisLabel") or "")

    @property
    def width(self) -> float:
        """How much room it takes."""
        if self.config.custom.get("axisPlacement") == "hidden":
            return 8
        return max(text_width(text, TICK_SIZE) for _, text in self.ticks()) + 12 + (_LABEL_PIXELS if self.name else 0)


def axis_of(shown: Sequence[Shown], values: Sequence[float], height: float, side: str) -> Axis:
    """Make the axis of some series, whose values (stacked, if they are) it covers."""
    config = shown[0].config
    custom = config.custom
    bounds = [float(one) for one in (custom.get("axisSoftMin"), custom.get("axisSoftMax")) if one is not None]
    lowest = min((one for one in (each.config.number("min") for each in shown) if one is not None), default=None)
    highest = max((one for one in (each.config.number("max") for each in shown) if one is not None), default=None)
    distribution = custom.get("scaleDistribution") or {}
    base = float(distribution.get("log") or 10) if distribution.get("type") == "log" else 0.0
    positive = [value for value in values if value > 0] if base else list(values)
    low, high = covering(positive, low=None if base else lowest, high=highest, soft=[] if base else bounds)
    if base:
        low = min(positive, default=1.0) / 1.2
    return Axis(Scale(low, high, height - BELOW, ABOVE, base), config, side)


def draw_axis(axis: Axis, left: float, right: float, theme: Theme, *, with_grid: bool) -> str:
    """Draw ticks, the lines behind them, and the axis' name."""
    parts = []
    is_left = axis.side == "left"
    hidden = axis.config.custom.get("axisPlacement") == "hidden"
    for value, text in axis.ticks():
        y = axis.scale(value)
        if with_grid:
            parts.append(tag("line", x1=left, x2=right, y1=y, y2=y, stroke=theme.grid))
        if not hidden:
            x = left - 8 if is_left else right + 8
            anchor = "end" if is_left else "start"
            parts.append(label(text, x, y + 4, size=TICK_SIZE, anchor=anchor, fill=theme.text))
    if axis.name and not hidden:
        x, y = (12 if is_left else right + axis.width - 4), (axis.scale.begin + axis.scale.end) / 2
        turned = f"rotate(-90 {x:.1f} {y:.1f})"
        parts.append(label(axis.name, x, y, size=TICK_SIZE, anchor="middle", fill=theme.text, transform=turned))
    return "".join(parts)


def draw_times(times: Times, x: Scale, top: float, bottom: float, theme: Theme) -> str:
    """Draw the axis of times."""
    parts = []
    for at, text in time_ticks(times.begin, times.end, int((x.end - x.begin) / _TIME_PIXELS)):
        place = x(at)
        parts.append(tag("line", x1=place, x2=place, y1=top, y2=bottom, stroke=theme.grid))
        parts.append(label(text, place, bottom + 16, size=TICK_SIZE, anchor="middle", fill=theme.text))
    return "".join(parts)


def draw_events(data: Data, x: Scale, top: float, bottom: float, theme: Theme) -> str:
    """Draw annotations: a dashed line with a mark below, or a region."""
    parts = []
    for event in data.events:
        color, begin, end = theme.color(event.color), x(event.begin), x(event.end)
        if end - begin > 1:
            size = {"width": end - begin, "height": bottom - top}
            parts.append(tag("rect", x=begin, y=top, fill=color, opacity=0.1, **size))
        for place in {begin, end}:
            place_at = {"x1": place, "x2": place, "y1": top, "y2": bottom}
            parts.append(tag("line", stroke=color, stroke_width=1, stroke_dasharray="4 3", **place_at))
        mark = f"{begin - 4:.1f},{bottom + 5:.1f} {begin + 4:.1f},{bottom + 5:.1f} {begin:.1f},{bottom:.1f}"
        parts.append(tag("polygon", points=mark, fill=color))
    return "".join(parts)


def draw_thresholds(axis: Axis, left: float, right: float, theme: Theme) -> str:
    """Draw thresholds as lines or areas, where the panel asks for that."""
    style = str((axis.config.custom.get("thresholdsStyle") or {}).get("mode") or "off")
    if style == "off":
        return ""
    parts, steps = [], axis.config.steps()
    top, bottom = axis.scale(axis.scale.high), axis.scale(axis.scale.low)
    for position, (value, name) in enumerate(steps):
        color = theme.color(name)
        if "area" in style:
            above = axis.scale(steps[position + 1][0]) if position + 1 < len(steps) else top
            low = bottom if math.isinf(value) else axis.scale(value)
            above, low = max(above, top), min(low, bottom)
            if low > above:
                size = {"width": right - left, "height": low - above}
                parts.append(tag("rect", x=left, y=above, fill=color, opacity=0.1, **size))
        if ("line" in style or "dashed" in style) and axis.scale.low <= value <= axis.scale.high:
            dashes = "10 10" if "dashed" in style else None
            place = {"x1": left, "x2": right, "y1": axis.scale(value), "y2": axis.scale(value)}
            parts.append(tag("line", stroke=color, stroke_width=2, stroke_dasharray=dashes, opacity=0.7, **place))
    return "".join(parts)
