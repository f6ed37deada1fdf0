"""Where panels are: from left to right and row by row, 24 units wide. Grafana's own layout does not check the width."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from apivitals.dashboards.panel import Panel, Row

GRID_WIDTH = 24


@dataclass(frozen=True)
class Place:
    """A rectangle of the grid."""

    x: int
    y: int
    width: int
    height: int


def placed(panels: Iterable[Panel], top: int) -> Iterator[tuple[Panel, Place]]:
    """Yield each panel with its place, the first at `top`.

    Raises:
        ValueError: panels side by side differ in height or do not fill the width, which would leave holes.
    """
    x, y, height = 0, top, 0
    for panel in panels:
        if x and panel.height != height:
            raise ValueError(f"{panel.title!r} is {panel.height} high, and the panel beside it {height}")
        if x + panel.width > GRID_WIDTH:
            raise ValueError(f"{panel.title!r} does not fit: {x} of {GRID_WIDTH} are taken, and it needs {panel.width}")
        height = panel.height
        yield panel, Place(x, y, panel.width, panel.height)
        x += panel.width
        if x == GRID_WIDTH:
            x, y = 0, y + height
    if x:
        raise ValueError(f"{GRID_WIDTH - x} of {GRID_WIDTH} are left over after {panel.title!r}")


def height_of(row: Row) -> int:
    """Return how high the panels of a row are together."""
    places = [place for _, place in placed(row.panels, 0)]
    return max(place.y + place.height for place in places)
