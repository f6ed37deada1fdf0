"""The table panel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from html import escape
from typing import Any

from tools.pictures.data import Data
from tools.pictures.field_config import Config
from tools.pictures.frames import Field, Frame, Value
from tools.pictures.markup import tag
from tools.pictures.palette import Theme, is_light
from tools.pictures.reducers import reduced
from tools.pictures.room import Room

_LEAST_WIDTH = 150
_HEIGHTS = {"sm": 36, "md": 42, "lg": 48}
_HEADER = 36


@dataclass(frozen=True)
class _Column:
    field: Field
    config: Config
    name: str

    @property
    def is_right(self) -> bool:
        align = str(self.config.custom.get("align") or "auto")
        return align == "right" or (align == "auto" and self.field.kind == "number")

    @property
    def span(self) -> tuple[float, float]:
        numbers = [float(one) for one in self.field.values if isinstance(one, (int, float)) and math.isfinite(one)]
        low, high = self.config.number("min"), self.config.number("max")
        return low if low is not None else min(numbers, default=0), high if high is not None else max(
            numbers, default=1
        )


def table(data: Data, room: Room) -> str:
    """Draw the first frame; what does not fit scrolls, as in Grafana."""
    frame = next((frame for frame in data.frames if frame.length), Frame("A", ()))
    columns = [_Column(one, config, config.name(one)) for one in frame.fields for config in [data.config(one, frame)]]
    columns = [one for one in columns if not one.config.is_hidden]
    order = _order(columns, frame.length, data.panel.options.get("sortBy") or ())
    widths = _widths(columns, room.width)
    line = _HEIGHTS.get(str(data.panel.options.get("cellHeight") or "sm"), 36)
    arrows = {
        str(one.get("displayName")): "↓" if one.get("desc") else "↑" for one in data.panel.options.get("sortBy") or ()
    }
    cols = "".join(tag("col", style=f"width:{wide:.0f}px") for wide in widths)
    head = "".join(
        tag("th", escape(f"{one.name} {arrows.get(one.name, '')}".strip()), class_="n" if one.is_right else "")
        for one in columns
    )
    lines = [
        tag("tr", *(_cell(one, at, data, frame, room.theme) for one in columns), style=f"height:{line}px")
        for at in order
    ]
    footer = _footer(data, columns)
    made = tag(
        "table",
        tag("colgroup", cols),
        tag("thead", tag("tr", head, style=f"height:{_HEADER}px")),
        tag("tbody", *lines),
        footer,
        style=f"width:{sum(widths):.0f}px",
    )
    return tag("div", made, class_="table", style=room.style)


def _order(columns: Sequence[_Column], length: int, sorting: Sequence[Any]) -> list[int]:
    by = next((one for one in columns if sorting and one.name == sorting[0].get("displayName")), None)
    lines = list(range(length))
    if by is None:
        return lines
    values = by.field.values
    lines.sort(key=lambda at: _rank(values[at]), reverse=bool(sorting[0].get("desc")))
    return lines


def _rank(value: Value) -> tuple[int, float, str]:
    if isinstance(value, str):
        return 1, 0.0, value
    return (0, -math.inf, "") if value is None or math.isnan(value) else (0, float(value), "")


def _widths(columns: Sequence[_Column], width: float) -> list[float]:
    """Give each what is set, and divide the rest among the others, each at least 150 pixels wide."""
    own = [one.config.custom.get("width") for one in columns]
    free = [number for number, one in enumerate(own) if not one]
    left = width - sum(float(one) for one in own if one)
    least = [float(one.config.custom.get("minWidth") or _LEAST_WIDTH) for one in columns]
    return [float(one) if one else max(left / len(free), least[number]) for number, one in enumerate(own)]


def _cell(column: _Column, at: int, data: Data, frame: Frame, theme: Theme) -> str:
    value = column.field.values[at]
    text = _written(column, value)
    low, high = column.span
    options = column.config.custom.get("cellOptions") or {}
    kind = str(options.get("type") or column.config.custom.get("displayMode") or "auto")
    style = []
    content = escape(text)
    if kind == "color-text":
        style.append(f"color:{column.config.color(value, theme, low, high)}")
    elif kind in {"color-background", "color-background-solid"}:
        color = column.config.color(value, theme, low, high)
        if color != theme.text:
            style += [f"background:{color}", f"color:{'#000' if is_light(color) else '#fff'}"]
    elif kind == "gauge" and isinstance(value, (int, float)):
        share = 100 * min(max((value - low) / (high - low), 0), 1) if high > low else 0
        color = column.config.color(value, theme, low, high)
        bar = tag("i", tag("i", style=f"width:{share:.0f}%;background:{color}"), class_="gauge")
        content = tag("span", bar, tag("span", content, style=f"color:{color}"), class_="gauged")
    if column.config.links and text:
        # An address that cannot be filled in is the panel's fault, and has to be seen.
        address, fault = _address(column, at, data, frame)
        content = tag("a", content, href=address, class_="wrong" if fault else None, title=fault or address)
    return tag("td", content, class_="n" if column.is_right else "", style=";".join(style))


def _written(column: _Column, value: Value) -> str:
    if column.field.kind == "time" and isinstance(value, (int, float)) and column.config.unit in {"", "time"}:
        return datetime.fromtimestamp(value, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    text = str(column.config.text(value))
    return "" if value is None and text == "-" else text


def _address(column: _Column, at: int, data: Data, frame: Frame) -> tuple[str, str]:
    extra = {f'__data.fields["{one.shown}"]': str(one.values[at]) for one in frame.fields}
    extra |= {f"__data.fields.{one.shown}": str(one.values[at]) for one in frame.fields}
    extra |= {f'__data.fields["{one.name}"]': str(one.values[at]) for one in frame.fields}
    extra |= {f"__data.fields.{one.name}": str(one.values[at]) for one in frame.fields}
    extra |= {"__value.raw": str(column.field.values[at]), "__value.text": _written(column, column.field.values[at])}
    filled = replace(data.filled, extra=extra)
    url = str(column.config.links[0].get("url", ""))
    try:
        return filled.link(url), ""
    except LookupError as error:
        return url, str(error)


def _footer(data: Data, columns: Sequence[_Column]) -> str:
    footer = data.panel.options.get("footer") or {}
    if not footer.get("show"):
        return ""
    calc = str((footer.get("reducer") or ["sum"])[0])
    cells = []
    for one in columns:
        value = reduced(calc, one.field.values) if one.field.kind == "number" else None
        cells.append(tag("td", escape("" if value is None else str(one.config.text(value))), class_="n"))
    return tag("tfoot", tag("tr", *cells))
