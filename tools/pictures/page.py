"""A dashboard's page: its bar, its variables, its panels, and at its foot how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape

from tools.pictures.choices import chosen
from tools.pictures.dashboard import ROW, Dashboard
from tools.pictures.data import Data, Event, data_of, events_of
from tools.pictures.drawing import draw
from tools.pictures.interpolation import Filled, UnknownVariableError
from tools.pictures.layout import COLUMNS, Place, height, places
from tools.pictures.markup import tag
from tools.pictures.palette import Theme
from tools.pictures.prometheus import Prometheus
from tools.pictures.room import Room
from tools.pictures.steps import Times
from tools.pictures.style import style

_MARGIN, _HEAD, _FOOT = 16, 96, 64
_HEADER = 32
_MARKS_WHAT_SCROLLS = """
for (const one of document.querySelectorAll(".table, .legend, .scrolls, .text, .said")) {
  one.classList.toggle("hides-right", one.scrollWidth > one.clientWidth + 1);
  one.classList.toggle("hides-below", one.scrollHeight > one.clientHeight + 1);
}
"""
"""A picture has no scroll bars: what would scroll gets a red edge, or a grey one below."""
MADE_BY = (
    "Drawn by apivitals' own renderer (tools/pictures) from what Prometheus answered to the panels' queries;"
    " not by Grafana."
)


@dataclass(frozen=True)
class Page:
    """The page's markup, its height in pixels, and what was wrong on it."""

    markup: str
    height: int
    faults: Sequence[str]


@dataclass(frozen=True)
class Artist:
    """Draws dashboards from one Prometheus."""

    prometheus: Prometheus
    times: Times
    theme: Theme
    width: int = 1280
    wanted: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Variables that are not as the dashboard opens with, and their values."""
    opens_rows: bool = True
    has_annotations: bool = True

    def page(self, dashboard: Dashboard) -> Page:
        """Draw a dashboard.

        Raises:
            QueryError: a variable's query is wrong, or Prometheus does not answer.
        """
        choices = chosen(dashboard, self.prometheus, self.times, dict(self.wanted))
        filled = Filled(choices, self.times)
        annotations = dashboard.annotations if self.has_annotations else ()
        events, faults = events_of(annotations, self.prometheus, self.times, filled)
        placed = places(dashboard, self.width - 2 * _MARGIN, opens_rows=self.opens_rows)
        parts = []
        for place in placed:
            markup, fault = self._panel(place, filled, events)
            parts.append(markup)
            faults += fault
        high = height(placed)
        grid = tag("div", *parts, class_="grid", style=f"height:{high:.0f}px")
        head = tag("style", style(self.theme)) + tag("title", escape(dashboard.title))
        body = self._bar(dashboard, filled) + grid + tag("footer", escape(MADE_BY))
        shown = tag(
            "html", tag("head", '<meta charset="utf-8">', head), tag("body", body, tag("script", _MARKS_WHAT_SCROLLS))
        )
        lines = 1 + sum(not one.hidden for one in dashboard.variables.values()) // 5
        return Page("<!doctype html>" + shown, round(high) + _HEAD + 34 * (lines - 1) + _FOOT, faults)

    def _panel(self, place: Place, filled: Filled, events: Sequence[Event]) -> tuple[str, list[str]]:
        panel = place.panel
        try:
            title = filled.text(panel.title)
        except UnknownVariableError as error:
            title = str(error)
        where = f"left:{place.x:.1f}px;top:{place.y:.1f}px;width:{place.width:.1f}px;height:{place.height:.1f}px"
        if panel.kind == ROW:
            mark = tag("i", "▾" if place.is_open else "▸")
            return tag("div", mark, escape(title), class_="row", style=where), []
        points = panel.content.get("maxDataPoints") or max(int(place.width), 100)
        times = self.times.for_points(int(points))
        data = data_of(panel, self.prometheus, times, Filled(filled.choices, times), events)
        has_header = bool(title)
        inside = draw(data, Room(place.width - 18, place.height - 10 - (_HEADER if has_header else 8), self.theme))
        header = tag("header", escape(title), tag("sup", "i") if panel.description else "") if has_header else ""
        column, _, wide, _ = panel.grid
        kinds = [
            "panel",
            "clear" if panel.content.get("transparent") else "",
            "outside" if column + wide > COLUMNS else "",
        ]
        markup = tag(
            "section", header, tag("div", inside, class_="inside"), class_=" ".join(kinds).strip(), style=where
        )
        return markup, _faults(title, data)

    def _bar(self, dashboard: Dashboard, filled: Filled) -> str:
        begin, end = (
            datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
            for at in (self.times.begin, self.times.end)
        )
        bar = tag(
            "div", tag("h1", escape(dashboard.title)), tag("span", f"{begin} to {end} UTC", class_="box"), class_="bar"
        )
        shown = [one for one in dashboard.variables.values() if not one.hidden]
        boxes = [
            tag(
                "span",
                tag("span", escape(one.label), class_="name"),
                tag("span", escape(filled.choices[one.name].text or "(none)"), class_="box"),
                class_="one",
            )
            for one in shown
        ]
        links = [tag("a", escape(str(one.get("title", ""))), class_="box") for one in dashboard.links]
        return bar + tag("div", *boxes, tag("span", *links, class_="links"), class_="variables")


def _faults(title: str, data: Data) -> list[str]:
    """Say what is wrong with a panel's data."""
    if data.errors:
        return [f"{title}: {error}" for error in data.errors]
    return [f"{title}: no data"] if data.is_empty and data.panel.targets else []
