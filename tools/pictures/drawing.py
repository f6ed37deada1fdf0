"""A panel's inside: which module draws which kind, and what is there instead of it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from tools.pictures.data import Data
from tools.pictures.gauge import bar_gauge, gauge
from tools.pictures.heatmap import heatmap
from tools.pictures.markup import tag
from tools.pictures.piechart import piechart
from tools.pictures.room import Room
from tools.pictures.stat import stat
from tools.pictures.states import state_timeline
from tools.pictures.table import table
from tools.pictures.text import text
from tools.pictures.timeseries import timeseries

_DRAWN: dict[str, Callable[[Data, Room], str]] = {
    "timeseries": timeseries,
    "stat": stat,
    "gauge": gauge,
    "bargauge": bar_gauge,
    "table": table,
    "heatmap": heatmap,
    "state-timeline": state_timeline,
    "status-history": state_timeline,
    "piechart": piechart,
    "text": text,
}


def draw(data: Data, room: Room) -> str:
    """Draw what is in a panel: its data, or in red why there is nothing to be seen."""
    kind = data.panel.kind
    if kind not in _DRAWN:
        return _said(f"this renderer does not draw {kind!r} panels", room, "wrong")
    if data.errors:
        return _said("\n".join(data.errors), room, "wrong")
    if data.is_empty and kind != "text":
        no_value = str((data.panel.field_config.get("defaults") or {}).get("noValue") or "")
        return _said(no_value or "No data", room, "quiet" if no_value else "wrong")
    return _DRAWN[kind](data, room)


def _said(what: str, room: Room, how: str) -> str:
    return tag("div", escape(what), class_=f"said {how}", style=room.style)
