"""Where panels are on the page: Grafana's grid of 24 columns, 30 pixels high each line, 8 pixels between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tools.pictures.dashboard import ROW, Dashboard, Panel

COLUMNS, LINE, GAP = 24, 30, 8


@dataclass(frozen=True)
class Place:
    """A panel, and where it is in pixels."""

    panel: Panel
    x: float
    y: float
    width: float
    height: float
    is_open: bool = True
    """Of a row: whether its panels are shown."""


def places(dashboard: Dashboard, width: float, *, opens_rows: bool) -> list[Place]:
    """Place all panels. A collapsed row's panels are shown below it if `opens_rows`, and push down what follows."""
    return [_placed(panel, line, width, is_open) for panel, line, is_open in _lines(dashboard, opens_rows=opens_rows)]


def height(placed: list[Place]) -> float:
    """Return how far down panels reach."""
    return max((one.y + one.height for one in placed), default=0.0)


def _placed(panel: Panel, line: float, width: float, is_open: bool) -> Place:  # noqa: FBT001 (one of four facts)
    x, _, wide, high = panel.grid
    column = (width - GAP * (COLUMNS - 1)) / COLUMNS
    return Place(
        panel,
        x * (column + GAP),
        line * (LINE + GAP),
        wide * column + (wide - 1) * GAP,
        high * LINE + (high - 1) * GAP,
        is_open,
    )


def _lines(dashboard: Dashboard, *, opens_rows: bool) -> Iterator[tuple[Panel, float, bool]]:
    down = 0
    for content in sorted(dashboard.content["panels"], key=_line):
        panel = Panel(content)
        line = panel.grid[1] + down
        nested = content.get("panels") or []
        yield panel, line, not (panel.kind == ROW and content.get("collapsed")) or opens_rows
        if panel.kind != ROW or not nested or not opens_rows:
            continue
        first = min(_line(one) for one in nested)
        for one in nested:
            yield Panel(one, panel.title), line + 1 + _line(one) - first, True
        down += max(_line(one) + one["gridPos"]["h"] for one in nested) - first


def _line(content: dict[str, dict[str, int]]) -> int:
    return content["gridPos"]["y"]
