"""The pie chart."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tools.pictures.data import Data, Shown
from tools.pictures.frames import Field
from tools.pictures.legend import legend
from tools.pictures.markup import label, svg, tag, text_width
from tools.pictures.room import Room
from tools.pictures.stat import Reading, readings
from tools.pictures.timeseries import placed, series_colors

_HOLE = 0.6
_GAP = 8


def piechart(data: Data, room: Room) -> str:
    """Draw it."""
    width, height, theme = room.width, room.height, room.theme
    found = [one for one in readings(data) if isinstance(one.value, (int, float)) and one.value > 0]
    total = sum(float(one.value or 0) for one in found) or 1.0
    shown = [_shown(one, total, data.panel.options.get("legend") or {}) for one in found]
    colors = series_colors(shown, theme)
    options = {**(data.panel.options.get("legend") or {}), "calcs": []}
    below = legend(options, list(zip(shown, colors, strict=True)), width, height)
    wide = width - (below.pixels + _GAP if below.side == "right" else 0)
    high = height - (below.pixels + _GAP if below.side == "bottom" else 0)
    return placed(svg(wide, high, *_slices(data, found, colors, room.sized(wide, high))), below)


def _shown(one: Reading, total: float, options: object) -> Shown:
    values = options.get("values") or () if isinstance(options, dict) else ()
    said = [f"{100 * float(one.value or 0) / total:.0f}%"] if "percent" in values else []
    said += [str(one.config.text(one.value))] if "value" in values else []
    name = "  ".join([one.name, *said])
    return Shown(Field(one.name, "number", [one.value], display=name), [0.0], one.config, name)


def _slices(data: Data, found: Sequence[Reading], colors: Sequence[str], room: Room) -> list[str]:
    width, height, theme = room.width, room.height, room.theme
    total = sum(float(one.value or 0) for one in found) or 1.0
    hole = _HOLE if data.panel.options.get("pieType") == "donut" else 0.0
    labels = data.panel.options.get("displayLabels") or ()
    radius = max(min(width, height) / 2 - 6, 5.0)
    x, y, at = width / 2, height / 2, -math.pi / 2
    parts = []
    for one, color in zip(found, colors, strict=True):
        share = float(one.value or 0) / total
        end = at + 2 * math.pi * min(share, 0.9999)
        large = 1 if share > 0.5 else 0  # noqa: PLR2004 (more than half a circle)
        start = f"{x + radius * math.cos(at):.1f} {y + radius * math.sin(at):.1f}"
        stop = f"{x + radius * math.cos(end):.1f} {y + radius * math.sin(end):.1f}"
        curve = f"M{x:.1f} {y:.1f}L{start}A{radius:.1f} {radius:.1f} 0 {large} 1 {stop}Z"
        parts.append(tag("path", d=curve, fill=color, stroke=theme.panel))
        said = {"name": one.name, "percent": f"{100 * share:.0f}%", "value": str(one.config.text(one.value))}
        text = " ".join(said[name] for name in labels if name in said)
        middle = (at + end) / 2
        if text and text_width(text, 11) < radius * share * 5:
            place = (x + radius * 0.75 * math.cos(middle), y + radius * 0.75 * math.sin(middle) + 4)
            parts.append(label(text, *place, size=11, anchor="middle", fill="#000"))
        at = end
    if hole:
        parts.append(tag("circle", cx=x, cy=y, r=radius * hole, fill=theme.panel))
    return parts
