"""The state timeline and the status history: a line of states for each series."""

from __future__ import annotations

import math

from tools.pictures.axes import ABOVE, BELOW, draw_times
from tools.pictures.data import Data, Shown
from tools.pictures.frames import Value
from tools.pictures.legend import Legend, legend
from tools.pictures.markup import cut, label, svg, tag, text_width
from tools.pictures.palette import Theme, is_light
from tools.pictures.room import Room
from tools.pictures.scale import Scale
from tools.pictures.timeseries import placed

_NAME_SHARE = 0.3
_GAP = 8


def state_timeline(data: Data, room: Room) -> str:
    """Draw it."""
    width, height, theme = room.width, room.height, room.theme
    shown = data.numbers()
    below = legend(data.panel.options.get("legend") or {"showLegend": False}, _legend(shown, theme), width, height)
    high = height - (below.pixels + _GAP / 2 if below.side == "bottom" else 0)
    below = Legend(
        below.side if below.side == "bottom" else "", below.pixels, below.markup if below.side == "bottom" else ""
    )
    left = min(max((text_width(one.name, 12) for one in shown), default=0.0) + 12, width * _NAME_SHARE)
    x = Scale(data.times.begin, data.times.end, left, width - 8)
    bottom = high - BELOW
    line = (bottom - ABOVE) / max(len(shown), 1)
    thick = line * float(data.panel.options.get("rowHeight") or 0.9)
    parts = [draw_times(data.times, x, ABOVE, bottom, theme)]
    for number, one in enumerate(shown):
        top = ABOVE + number * line + (line - thick) / 2
        parts.append(label(cut(one.name, 12, left - 10), left - 8, top + thick / 2 + 4, anchor="end", fill=theme.text))
        for begin, end, value in _states(one, data.times.step_seconds()):
            color = one.config.color(value, theme)
            wide = max(x(min(end, data.times.end)) - x(begin), 1.0)
            parts.append(tag("rect", x=x(begin), y=top, width=wide, height=thick, fill=color, opacity=0.85))
            text = str(one.config.text(value))
            if data.panel.options.get("showValue", "auto") != "never" and text_width(text, 12) < wide - 6:
                ink = "#000" if is_light(color) else "#fff"
                parts.append(label(text, x(begin) + 5, top + thick / 2 + 4, fill=ink))
    return placed(svg(width, high, *parts), below)


def _states(one: Shown, step: float) -> list[tuple[float, float, Value]]:
    """Merge equal values that follow each other."""
    made: list[tuple[float, float, Value]] = []
    for at, value in zip(one.times, one.field.values, strict=True):
        if value is None or (isinstance(value, float) and math.isnan(value)):
            continue
        if made and made[-1][2] == value and at - made[-1][1] < step * 0.6:
            made[-1] = (made[-1][0], at + step, value)
        else:
            made.append((at, at + step, value))
    return made


def _legend(shown: list[Shown], theme: Theme) -> list[tuple[Shown, str]]:
    """Name the states, not the series."""
    found: dict[str, tuple[Shown, str]] = {}
    for one in shown:
        for value in one.field.values:
            text = str(one.config.text(value))
            found.setdefault(text, (Shown(one.field, one.times, one.config, text), one.config.color(value, theme)))
    return list(found.values())
