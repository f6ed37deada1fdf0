"""Rules for where panels are."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from tests.support.dashboards import ROW, Dashboard, Panel

COLUMNS = 24
Cells = set[tuple[int, int]]


def panels_are_inside(dashboard: Dashboard) -> Iterator[str]:
    """Within 24 columns, and of some size."""
    for panel in dashboard.panels:
        x, y, wide, high = panel.grid
        if x < 0 or y < 0 or wide < 1 or high < 1 or x + wide > COLUMNS:
            yield f"{panel.title}: {wide} x {high} at {x}, {y} is not within {COLUMNS} columns"
        if panel.kind == ROW and (x, wide, high) != (0, COLUMNS, 1):
            yield f"{panel.title}: a row takes one whole line"


def panels_do_not_overlap(dashboard: Dashboard) -> Iterator[str]:
    """Grafana would push one of them down."""
    for section in _sections(dashboard):
        taken: dict[tuple[int, int], str] = {}
        for panel in section:
            over = {taken[cell] for cell in _cells(panel) if cell in taken}
            yield from (f"{panel.title}: lies over {other}" for other in sorted(over))
            taken |= dict.fromkeys(_cells(panel), panel.title)


def nothing_moves_up(dashboard: Dashboard) -> Iterator[str]:
    """No room above a panel: Grafana would close it, and the page would not be as it was drawn."""
    for section in _sections(dashboard):
        top = min((panel.grid[1] for panel in section), default=0)
        taken = {cell for panel in section for cell in _cells(panel)}
        for panel in section:
            x, y, wide, _ = panel.grid
            if y > top and not any((column, y - 1) in taken for column in range(x, x + wide)):
                yield f"{panel.title}: nothing is above it at {x}, {y}: it would move up"
    first = min((panel.grid[1] for panel in _sections(dashboard)[0]), default=0)
    if first:
        yield f"the first panel is at line {first}, not 0"


def lines_are_full(dashboard: Dashboard) -> Iterator[str]:
    """No hole between or beside panels."""
    for section in _sections(dashboard):
        taken = {cell for panel in section for cell in _cells(panel)}
        for line in sorted({y for _, y in taken}):
            free = [column for column in range(COLUMNS) if (column, line) not in taken]
            if free:
                beside = next(panel.title for panel in section if (_of_line(panel, line)))
                yield f"line {line}, beside {beside}: columns {free[0]} to {free[-1]} are empty"


def the_order_is_that_of_reading(dashboard: Dashboard) -> Iterator[str]:
    """Line by line, left to right: screen readers and phones go by it."""
    for section in _sections(dashboard):
        places = [(panel.grid[1], panel.grid[0], panel.title) for panel in section]
        for before, after in pairwise(places):
            if after[:2] < before[:2]:
                yield f"{after[2]} comes after {before[2]}, and is above or left of it"


def _sections(dashboard: Dashboard) -> list[Sequence[Panel]]:
    """Return what shares a grid: the page, and the inside of each collapsed row."""
    page = [Panel(content) for content in dashboard.content["panels"]]
    rows = [[Panel(one) for one in panel.content.get("panels") or ()] for panel in page]
    return [page, *filter(None, rows)]


def _cells(panel: Panel) -> Cells:
    x, y, wide, high = panel.grid
    return {(column, line) for column in range(x, x + wide) for line in range(y, y + high)}


def _of_line(panel: Panel, line: int) -> bool:
    return panel.grid[1] <= line < panel.grid[1] + panel.grid[3]


RULES = (
    panels_are_inside,
    panels_do_not_overlap,
    nothing_moves_up,
    lines_are_full,
    the_order_is_that_of_reading,
)
