"""Answers as Grafana's panels take them: frames of fields, a field of times and one of values for each series."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tools.pictures.dashboard import Target
from tools.pictures.prometheus import Series

Value = float | str | None
_PLACEHOLDER = re.compile(r"\{\{\s*(.+?)\s*\}\}")
TIME, VALUE = "Time", "Value"


@dataclass(frozen=True)
class Field:
    """A column."""

    name: str
    kind: Literal["time", "number", "string"]
    values: Sequence[Value]
    labels: Mapping[str, str] = field(default_factory=dict)
    display: str = ""
    """What the data source calls it, by the query's legend."""

    @property
    def shown(self) -> str:
        """Its name on the panel, unless the panel gives it another."""
        return self.display or self.name


@dataclass(frozen=True)
class Frame:
    """Columns of the same length, all of one query."""

    ref: str
    fields: tuple[Field, ...]

    @property
    def length(self) -> int:
        """How many lines it has."""
        return len(self.fields[0].values) if self.fields else 0

    @property
    def times(self) -> Field | None:
        """Its field of times."""
        return next((one for one in self.fields if one.kind == "time"), None)

    def named(self, name: str) -> Field | None:
        """Return the field of that name, as shown or as it came."""
        return next((one for one in self.fields if name in {one.shown, one.name}), None)

    def with_fields(self, fields: Iterable[Field]) -> Frame:
        """Return it with other fields."""
        return replace(self, fields=tuple(fields))


def frames(target: Target, answer: Sequence[Series], tables: int = 1) -> list[Frame]:
    """Make frames of an answer; `tables` says how many queries of the panel are tables."""
    if target.format == "table":
        return [_table(target, answer, tables)]
    made = [_series(target, series) for series in answer]
    return sorted(made, key=_bound) if target.format == "heatmap" else made


def legend(form: str, labels: Mapping[str, str]) -> str:
    """Name a series by a query's legend: ``{{label}}`` is the label's value; no legend is the whole series."""
    if form and form != "__auto":
        return _PLACEHOLDER.sub(lambda found: labels.get(found[1], ""), form)
    own = {name: value for name, value in labels.items() if name != "__name__"}
    inside = ", ".join(f'{name}="{value}"' for name, value in own.items())
    name = labels.get("__name__", "")
    return (name + f"{{{inside}}}" if inside else name) or VALUE


def _series(target: Target, series: Series) -> Frame:
    display = legend(target.legend, series.labels)
    times = Field(TIME, "time", [at for at, _ in series.points])
    values = Field(VALUE, "number", [value for _, value in series.points], series.labels, display)
    return Frame(target.ref, (times, values))


def _table(target: Target, answer: Sequence[Series], tables: int) -> Frame:
    names = sorted({name for series in answer for name in series.labels})
    lines = [(series.labels, *point) for series in answer for point in series.points]
    value = VALUE if tables == 1 else f"{VALUE} #{target.ref}"
    columns = [Field(name, "string", [labels.get(name, "") for labels, _, _ in lines]) for name in names]
    times = Field(TIME, "time", [at for _, at, _ in lines])
    return Frame(target.ref, (times, *columns, Field(value, "number", [number for _, _, number in lines])))


def _bound(frame: Frame) -> float:
    try:
        return float(frame.fields[1].labels.get("le", "nan"))
    except ValueError:
        return float("inf")
