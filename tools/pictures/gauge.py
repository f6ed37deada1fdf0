"""The gauge and the bar gauge."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tools.pictures.data import Data
from tools.pictures.field_config import Config
from tools.pictures.markup import cut, label, svg, tag, text_width
from tools.pictures.room import Room
from tools.pictures.stat import Reading, readings

_BEGIN, _END = math.radians(198), math.radians(-18)
_GAP = 8
_CELL, _CELL_GAP = 6, 2
_NAME_SHARE = 0.4
_Circle = tuple[float, float, float]


def gauge(data: Data, room: Room) -> str:
    """Draw a gauge for each series."""
    width, height = room.width, room.height
    found = readings(data)
    count = max(len(found), 1)
    across = width > height
    wide, high = (width / count, height) if across else (width, height / count)
    drawn = [_gauge(one, room.sized(wide, high), has_name=count > 1) for one in found]
    return tag("div", *drawn, class_="stats", style=f"flex-direction:{'row' if across else 'column'}")


def _range(config: Config, values: list[float]) -> tuple[float, float]:
    low, high = config.number("min"), config.number("max")
    default = 1.0 if config.unit == "percentunit" else 100.0
    return low if low is not None else min([0.0, *values]), high if high is not None else max([default, *values])


def _gauge(one: Reading, place: Room, *, has_name: bool) -> str:
    width, height, theme = place.width, place.height, place.theme
    value = float(one.value) if isinstance(one.value, (int, float)) else math.nan
    low, high = _range(one.config, [])
    room = height - (20 if has_name else 0)
    radius = max(min(width / 2 - 8, room / 1.35 - 4), 10.0)
    x, y = width / 2, radius + 4 + max((room - radius * 1.35) / 2, 0)
    thick = radius * 0.22
    share = min(max((value - low) / (high - low), 0.0), 1.0) if high > low and math.isfinite(value) else 0.0
    color = one.config.color(one.value, theme, low, high)
    parts = [_arc((x, y, radius - thick / 2 - 5), 0, 1, theme.border, thick)]
    parts.append(_arc((x, y, radius - thick / 2 - 5), 0, share, color, thick))
    edges = [
        (min(max((begin - low) / (high - low), 0.0), 1.0), name) for begin, name in one.config.steps() if high > low
    ]
    for (begin, name), (end, _) in zip(edges, [*edges[1:], (1.0, "")], strict=True):
        if end > begin:
            parts.append(_arc((x, y, radius - 1), begin, end, theme.color(name), 3))
    text = str(one.config.text(one.value))
    size = min(radius * 0.5, (radius * 1.3) / max(text_width(text, 1), 0.1))
    parts.append(label(text, x, y + size * 0.15, size=size, anchor="middle", fill=color, font_weight=500))
    if has_name:
        named = cut(one.name, 14, width - 8)
        parts.append(label(named, x, height - 5, size=14, anchor="middle", fill=theme.text))
    return svg(width, height, *parts)


def _arc(middle: _Circle, begin: float, end: float, color: str, thick: float) -> str:
    x, y, radius = middle
    one, two = _BEGIN + (_END - _BEGIN) * begin, _BEGIN + (_END - _BEGIN) * end
    large = 1 if abs(two - one) > math.pi else 0
    start = f"{x + radius * math.cos(one):.1f} {y - radius * math.sin(one):.1f}"
    stop = f"{x + radius * math.cos(two):.1f} {y - radius * math.sin(two):.1f}"
    curve = f"M{start}A{radius:.1f} {radius:.1f} 0 {large} 1 {stop}"
    return tag("path", d=curve, fill="none", stroke=color, stroke_width=thick)


def bar_gauge(data: Data, room: Room) -> str:
    """Draw a bar for each series."""
    width, height = room.width, room.height
    found = readings(data)
    values = [float(one.value) for one in found if isinstance(one.value, (int, float)) and math.isfinite(one.value)]
    options = data.panel.options
    orientation = options.get("orientation") or "auto"
    is_lying = orientation == "horizontal" or (orientation == "auto" and width <= height)
    if not is_lying:
        return _standing(found, values, room)
    line = min((height - _GAP * (len(found) - 1)) / max(len(found), 1), 40.0)
    shown = max(line, 20.0)
    names = min(max((text_width(one.name, 14) for one in found), default=0.0) + 16, width * _NAME_SHARE)
    numbers = max((text_width(str(one.config.text(one.value)), 16) for one in found), default=0.0) + 12
    mode = str(options.get("displayMode") or "gradient")
    drawn = [
        tag(
            "g",
            _lying(one, values, mode, _Bar(names, room.sized(width - names - numbers, shown))),
            transform=f"translate(0 {number * (shown + _GAP):.1f})",
        )
        for number, one in enumerate(found)
    ]
    whole = len(found) * (shown + _GAP)
    return tag("div", svg(width, max(whole, height), *drawn), class_="scrolls", style=f"height:{height:.0f}px")


@dataclass(frozen=True)
class _Bar:
    names: float
    """How wide the names before it are."""
    room: Room


def _lying(one: Reading, values: list[float], mode: str, bar: _Bar) -> str:
    names, room, height, theme = bar.names, bar.room.width, bar.room.height, bar.room.theme
    low, high = _span(one, values)
    value = float(one.value) if isinstance(one.value, (int, float)) else low
    color = one.config.color(one.value, theme, low, high)
    filled = room * _share(value, low, high)
    middle = height / 2 + 5
    parts = [label(cut(one.name, 14, names - 8), 0, middle, size=14, fill=theme.text)]
    if mode == "lcd":
        count = int(room / (_CELL + _CELL_GAP))
        for number in range(count):
            at = low + (high - low) * (number + 0.5) / count
            cell = one.config.color(at, theme, low, high)
            x = names + number * (_CELL + _CELL_GAP)
            opacity = 1 if at <= value else 0.15
            parts.append(tag("rect", x=x, width=_CELL, height=height, fill=cell, opacity=opacity))
    else:
        parts.append(tag("rect", x=names, width=max(room, 0), height=height, fill=theme.border, rx=2))
        parts.append(tag("rect", x=names, width=max(filled, 1), height=height, fill=color, opacity=0.6, rx=2))
        parts.append(tag("rect", x=names + filled - 2, width=2, height=height, fill=color))
    text = str(one.config.text(one.value))
    parts.append(label(text, names + room + 8, middle, size=16, fill=color))
    return "".join(parts)


def _standing(found: list[Reading], values: list[float], room_: Room) -> str:
    width, height, theme = room_.width, room_.height, room_.theme
    each = width / max(len(found), 1)
    parts = []
    for number, one in enumerate(found):
        low, high = _span(one, values)
        value = float(one.value) if isinstance(one.value, (int, float)) else low
        color = one.config.color(one.value, theme, low, high)
        room, x = height - 50, number * each + _GAP / 2
        filled = room * _share(value, low, high)
        parts.append(tag("rect", x=x, y=25, width=each - _GAP, height=room, fill=theme.border))
        parts.append(tag("rect", x=x, y=25 + room - filled, width=each - _GAP, height=filled, fill=color, opacity=0.6))
        middle = x + (each - _GAP) / 2
        parts.append(label(str(one.config.text(one.value)), middle, 18, size=16, anchor="middle", fill=color))
        named = cut(one.name, 14, each - 4)
        parts.append(label(named, middle, height - 6, size=14, anchor="middle", fill=theme.text))
    return svg(width, height, *parts)


def _span(one: Reading, values: list[float]) -> tuple[float, float]:
    low, high = one.config.number("min"), one.config.number("max")
    return low if low is not None else min([0.0, *values]), high if high is not None else max([*values, 1e-12])


def _share(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0) if high > low else 0.0
