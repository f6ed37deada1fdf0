"""The stat panel: one big number for each series, coloured, with its past behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from tools.pictures.data import Data, Shown
from tools.pictures.field_config import Config
from tools.pictures.frames import Frame, Value
from tools.pictures.markup import label, path, svg, tag, text_width
from tools.pictures.palette import is_light
from tools.pictures.reducers import reduced
from tools.pictures.room import Room
from tools.pictures.scale import Scale, covering

_LINE_HEIGHT = 1.2
_LARGEST, _SMALLEST = 90.0, 12.0
_GAP = 6
_SUFFIX_SHARE = 0.7


@dataclass(frozen=True)
class Reading:
    """A value with its name, and the series that it is of."""

    name: str
    value: Value
    config: Config
    values: Sequence[Value]
    times: Sequence[float]


def readings(data: Data) -> list[Reading]:
    """Return what a stat, a gauge or a bar gauge shows: a number for each series, or for each line of a table."""
    options: Mapping[str, Any] = data.panel.options.get("reduceOptions") or {}
    calcs = options.get("calcs") or ["lastNotNull"]
    wanted = str(options.get("fields") or "")
    made: list[Reading] = []
    for frame in data.frames:
        if options.get("values"):
            made += _of_lines(data, frame)
        else:
            made += [
                Reading(one.name, reduced(str(calcs[0]), one.field.values), one.config, one.field.values, one.times)
                for one in _of_frame(data, frame, wanted)
            ]
    return made


def _of_frame(data: Data, frame: Frame, wanted: str) -> list[Shown]:
    """Return the numeric fields, or those that the panel's `fields` names (``/pattern/`` or a name)."""
    at = [float(one or 0) for one in frame.times.values] if frame.times else [0.0] * frame.length
    made = []
    for one in frame.fields:
        config = data.config(one, frame)
        name = config.name(one)
        if config.is_hidden or one.kind == "time":
            continue
        named = wanted.strip("/").strip("^$") in {name, ""} if wanted else one.kind == "number"
        if named:
            made.append(Shown(one, at, config, name))
    return made


def _of_lines(data: Data, frame: Frame) -> list[Reading]:
    texts = [one for one in frame.fields if one.kind == "string"]
    return [
        Reading(
            " ".join(str(text.values[line]) for text in texts) or config.name(one),
            one.values[line],
            config,
            [one.values[line]],
            [0.0],
        )
        for one in frame.fields
        if one.kind == "number"
        for config in [data.config(one, frame)]
        for line in range(frame.length)
    ]


def stat(data: Data, room: Room) -> str:
    """Draw it."""
    width, height = room.width, room.height
    found = readings(data)
    options = data.panel.options
    orientation = options.get("orientation") or "auto"
    is_across = orientation == "vertical" or (orientation == "auto" and width > height)
    count = max(len(found), 1)
    wide = (width - _GAP * (count - 1)) / count if is_across else width
    high = height if is_across else (height - _GAP * (count - 1)) / count
    drawn = [_value(one, options, room.sized(wide, high), is_only=count == 1) for one in found]
    direction = "row" if is_across else "column"
    return tag("div", *drawn, class_="stats", style=f"flex-direction:{direction}")


def _value(one: Reading, options: Mapping[str, Any], place: Room, *, is_only: bool) -> str:
    width, height, theme = place.width, place.height, place.theme
    text = one.config.text(one.value)
    color = one.config.color(one.value, theme)
    mode = str(options.get("colorMode") or "value")
    showing = str(options.get("textMode") or "auto")
    has_name = showing in {"value_and_name", "name"} or (showing == "auto" and not is_only)
    has_value = showing not in {"name", "none"}
    on_color = mode.startswith("background")
    ink = ("#000000" if is_light(color) else "#FFFFFF") if on_color else color if mode == "value" else theme.text
    graph = "" if options.get("graphMode", "area") == "none" or len(one.values) < 2 else "area"  # noqa: PLR2004 (a line needs two)
    room = height * (0.6 if graph else 1.0)
    name_size = min(14.0, height / 5) if has_name else 0.0
    size = _fitting(str(text.number), text.suffix, width - 16, room - name_size * _LINE_HEIGHT) if has_value else 0.0
    parts = []
    if on_color:
        parts.append(tag("rect", width=width, height=height, fill=color, rx=2))
    if graph:
        parts.append(_spark(one, width, height, "#FFFFFF" if on_color else color))
    is_centered = options.get("justifyMode") == "center" or (is_only and not graph and not has_name)
    x, anchor = (width / 2, "middle") if is_centered else (8.0, "start")
    total = name_size * _LINE_HEIGHT + size * _LINE_HEIGHT
    y = (room - total) / 2 if is_centered or not graph else 4.0
    if has_name:
        name_ink = ink if on_color else theme.text
        parts.append(label(one.name, x, y + name_size, size=name_size, anchor=anchor, fill=name_ink))
    if has_value:
        base = y + name_size * _LINE_HEIGHT + size
        inside = escape(text.number) + tag("tspan", escape(text.suffix), font_size=size * _SUFFIX_SHARE)
        shown = {"x": x, "y": base, "font_size": size, "text_anchor": anchor, "fill": ink, "font_weight": 500}
        parts.append(tag("text", inside, **shown))
    return svg(width, height, *parts)


def _fitting(number: str, suffix: str, width: float, height: float) -> float:
    """Return the largest size in which a value fits."""
    each = text_width(number, 1) + text_width(suffix, _SUFFIX_SHARE)
    return max(min(_LARGEST, height / _LINE_HEIGHT * 0.85, width / max(each, 0.1)), _SMALLEST)


def _spark(one: Reading, width: float, height: float, color: str) -> str:
    points = [
        (at, float(value))
        for at, value in zip(one.times, one.values, strict=True)
        if isinstance(value, (int, float)) and math.isfinite(value)
    ]
    if len(points) < 2:  # noqa: PLR2004 (a line needs two)
        return ""
    low, high = covering([value for _, value in points], low=one.config.number("min"), high=None, soft=())
    x, y = Scale(points[0][0], points[-1][0], 0, width), Scale(low, high, height, height * 0.62)
    line = [(x(at), y(value)) for at, value in points]
    area = path([(0, height), *line, (width, height)]) + "Z"
    return tag("path", d=area, fill=color, opacity=0.2) + tag("path", d=path(line), fill="none", stroke=color)
