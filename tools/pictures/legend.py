"""A graph's legend: a list below it, or a table below or beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from tools.pictures.data import Shown
from tools.pictures.markup import tag, text_width
from tools.pictures.reducers import NAMES, reduced

SIZE = 12
_LINE, _GAP, _SWATCH = 22, 16, 22
_MOST_BELOW, _BESIDE = 0.35, 0.42


@dataclass(frozen=True)
class Legend:
    """Where it is, how much of the panel it takes, and its markup."""

    side: str
    """``bottom``, ``right``, or nothing if there is none."""
    pixels: float
    markup: str


def legend(options: Mapping[str, Any], shown: Sequence[tuple[Shown, str]], width: float, height: float) -> Legend:
    """Draw it for series and their colours, in a panel of that size."""
    entries = [(one, color) for one, color in shown if not one.config.is_hidden_in_legend]
    if options.get("showLegend") is False or options.get("displayMode") == "hidden" or not entries:
        return Legend("", 0, "")
    side = "right" if options.get("placement") == "right" else "bottom"
    calcs = [str(one) for one in options.get("calcs") or ()]
    is_table = options.get("displayMode") == "table"
    markup = _table(entries, calcs) if is_table else _list(entries, calcs, side)
    if side == "right":
        own = options.get("width")
        needed = _widest(entries, calcs, is_table=is_table)
        pixels = float(own) if own else min(needed, width * _BESIDE)
        return Legend(side, pixels, _box(markup, "right", pixels, height))
    lines = len(entries) + 1 if is_table else _lines(entries, calcs, width)
    pixels = min(lines * _LINE + 4, height * _MOST_BELOW)
    return Legend(side, pixels, _box(markup, "bottom", width, pixels))


def _box(markup: str, side: str, width: float, height: float) -> str:
    return tag("div", markup, class_=f"legend {side}", style=f"width:{width:.0f}px;height:{height:.0f}px")


def _name(one: Shown, color: str) -> str:
    return tag("i", style=f"background:{color}") + tag("span", escape(one.name))


def _calculated(one: Shown, calcs: Sequence[str]) -> list[str]:
    return [str(one.config.text(reduced(calc, one.field.values))) for calc in calcs]


def _list(entries: Sequence[tuple[Shown, str]], calcs: Sequence[str], side: str) -> str:
    made = []
    for one, color in entries:
        values = zip(calcs, _calculated(one, calcs), strict=True)
        said = "".join(tag("b", f"{escape(NAMES[calc])}: {escape(value)}") for calc, value in values)
        made.append(tag("span", _name(one, color), said, class_="entry"))
    return tag("div", *made, class_=f"list {side}")


def _table(entries: Sequence[tuple[Shown, str]], calcs: Sequence[str]) -> str:
    head = tag("tr", tag("th", "Name"), *(tag("th", escape(NAMES[calc]), class_="n") for calc in calcs))
    lines = [
        tag(
            "tr",
            tag("td", _name(one, color)),
            *(tag("td", escape(value), class_="n") for value in _calculated(one, calcs)),
        )
        for one, color in entries
    ]
    return tag("table", head, *lines)


def _entry_width(one: Shown, calcs: Sequence[str]) -> float:
    said = [f"{NAMES[calc]}: {value}" for calc, value in zip(calcs, _calculated(one, calcs), strict=True)]
    return _SWATCH + text_width(one.name, SIZE) + sum(8 + text_width(part, SIZE) for part in said)


def _lines(entries: Sequence[tuple[Shown, str]], calcs: Sequence[str], width: float) -> int:
    lines, used = 1, 0.0
    for one, _ in entries:
        needed = _entry_width(one, calcs) + _GAP
        if used and used + needed > width:
            lines, used = lines + 1, 0.0
        used += needed
    return lines


def _widest(entries: Sequence[tuple[Shown, str]], calcs: Sequence[str], *, is_table: bool) -> float:
    if not is_table:
        return max(_entry_width(one, calcs) for one, _ in entries) + _GAP
    names = max(text_width(one.name, SIZE) for one, _ in entries) + _SWATCH + 12
    columns = [
        max([text_width(NAMES[calc], SIZE), *(text_width(_calculated(one, [calc])[0], SIZE) for one, _ in entries)])
        for calc in calcs
    ]
    return names + sum(column + 16 for column in columns) + 16
