"""What a panel is declared as: its queries, how they are drawn, and the words that say how to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Query:
    """A query and what its series are called: ``{{http_route}}``."""

    expr: str
    legend: str = ""
    exemplars: bool = False
    at_end: bool = False
    """One value at the end of the time range, instead of a series over it."""


@dataclass(frozen=True)
class Step:
    """A colour from a value on."""

    value: float | None
    """None is from the lowest on."""
    colour: str


@dataclass(frozen=True)
class State:
    """What a value is shown as."""

    value: float
    text: str
    colour: str


@dataclass(frozen=True)
class Column:
    """A column of a table: a label, or ``Value #A`` of the first query."""

    name: str
    title: str
    unit: str = ""
    decimals: int | None = None
    steps: tuple[Step, ...] = ()
    states: tuple[State, ...] = ()
    link: str = ""
    link_title: str = ""
    width: int | None = None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What all panels have. `width` is of 24, and `height` in units of 38 pixels."""

    title: str
    description: str
    """How to read it, and what to do about it."""
    unit: str
    queries: tuple[Query, ...]
    width: int = 8
    height: int = 8
    decimals: int | None = None
    least: float | None = None
    most: float | None = None
    when_empty: str = ""
    """What it shows without series, where that is good news."""


@dataclass(frozen=True, kw_only=True)
class Lines(Panel):
    """Values over time. Series called by a severity or a rating are thresholds: dashed, in its colour."""

    stacked: bool = False
    shares: bool = False
    """Stacked to 100 %."""
    colours: Mapping[str, str] = field(default_factory=dict)
    """By the name of the series."""
    dashed: str = ""
    """A regular expression of series that something is compared with."""
    bounds: tuple[str, str] | None = None
    """Two series, upper and lower, between which the area is filled."""
    legend_table: bool = False
    link: str = ""
    link_title: str = ""


@dataclass(frozen=True, kw_only=True)
class Number(Panel):
    """One value each, large."""

    steps: tuple[Step, ...] = ()
    states: tuple[State, ...] = ()
    sparkline: bool = False
    colours: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    link_title: str = ""
    width: int = 4
    height: int = 4


@dataclass(frozen=True, kw_only=True)
class Bars(Panel):
    """One horizontal bar for each series, of its value at the end of the time range."""

    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table(Panel):
    """Values at the end of the time range, a row for each set of labels."""

    columns: tuple[Column, ...]
    sorted_by: str = ""
    """The title of the column, the largest first."""
    width: int = 24


@dataclass(frozen=True, kw_only=True)
class Heat(Panel):
    """How often each bucket was met, over time."""


@dataclass(frozen=True, kw_only=True)
class States(Panel):
    """A bar of states over time for each series."""

    states: tuple[State, ...]


@dataclass(frozen=True)
class Row:
    """Panels under one heading, from left to right."""

    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False
