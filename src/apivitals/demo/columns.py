"""The columns of the view's tables: what each shows, how wide it is, and which give way when the terminal is narrow."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.table import Table
from rich.text import Text

from apivitals.demo import formatting
from apivitals.demo.vital_signs import VitalSigns


@dataclass(frozen=True)
class Row:
    """What a table's line is made from."""

    label: str
    priority: str
    vitals: VitalSigns
    history: Sequence[float] = ()
    """Throughput of the last minute, oldest first."""


@dataclass(frozen=True)
class Column:
    """One column: a heading of two lines, a width in characters, and its cell for a row."""

    heading: str
    width: int
    cell: Callable[[Row], Text | str]
    justify: Literal["left", "right"] = "right"
    dropped: int = 0
    """0 is always shown; of the others, the highest is left out first where the terminal is too narrow."""


def _in_flight(row: Row) -> Text:
    count = row.vitals.in_flight
    return Text(str(count)) if count else Text("0", style="dim")


def _error_percent(row: Row) -> Text:
    share = row.vitals.error_percent
    style = "dim" if math.isnan(share) or not share else "bold red"
    return Text(formatting.percent(share), style=style)


def priority_style(priority: str) -> str:
    """Choose a style that can be read on dark and on light ground."""
    return {"critical": "bold magenta", "high": "bold", "low": "dim"}.get(priority, "")


THROUGHPUT = Column("\nreq/s", 5, lambda row: formatting.per_second(row.vitals.throughput_per_second))
TIMES = (
    Column("time\np50", 7, lambda row: formatting.seconds(row.vitals.response_time_p50_seconds)),
    Column("time\np95", 7, lambda row: formatting.seconds(row.vitals.response_time_p95_seconds)),
    Column("time\np99", 7, lambda row: formatting.seconds(row.vitals.response_time_p99_seconds), dropped=2),
    Column("latency\np95", 7, lambda row: formatting.seconds(row.vitals.latency_p95_seconds)),
)
ERRORS = Column("\nerrors", 6, _error_percent)
IN_FLIGHT = Column("in\nflight", 6, _in_flight)
PRIORITY = Column(
    "\npriority", 8, lambda row: Text(row.priority, style=priority_style(row.priority)), justify="left", dropped=3
)
RECEIVED = Column(
    "\nreceived", 9, lambda row: formatting.bytes_per_second(row.vitals.request_bytes_per_second), dropped=5
)
SENT = Column("\nsent", 9, lambda row: formatting.bytes_per_second(row.vitals.response_bytes_per_second), dropped=4)
LAST_MINUTE = Column(
    "last minute\nof req/s",
    12,
    lambda row: Text(formatting.sparkline(row.history, 12)),
    dropped=5,
)
LAST_MINUTE_NARROW = Column(
    "last\nminute",
    6,
    lambda row: Text(formatting.sparkline(formatting.pairs(row.history), 6)),
    dropped=4,
)


def label(heading: str, width: int) -> Column:
    """Make the first column."""
    return Column(f"\n{heading}", width, lambda row: Text(row.label), justify="left")


def table(columns: Sequence[Column], rows: Sequence[Row], gap: int) -> Table:
    """Lay out the columns, with ``gap`` characters between them."""
    made = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="bold")
    for column in columns:
        heading = Text(column.heading, justify=column.justify)
        made.add_column(heading, min_width=column.width, justify=column.justify, no_wrap=True)
    for row in rows:
        made.add_row(*(column.cell(row) for column in columns))
    return made


def fitting(columns: Sequence[Column], width: int, gap: int = 1) -> list[Column]:
    """Leave out columns, the most dispensable first, until the rest fit with ``gap`` characters between them."""
    shown = list(columns)
    while needed(shown, gap) > width and any(column.dropped for column in shown):
        shown.remove(max(shown, key=lambda column: column.dropped))
    return shown


def needed(columns: Sequence[Column], gap: int) -> int:
    """Say how many characters the columns take, with ``gap`` between them."""
    return sum(column.width for column in columns) + gap * (len(columns) - 1)
