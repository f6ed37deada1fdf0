"""A dashboard as its JSON has it (classic, schema 42): panels, their queries, variables and annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROW = "row"
DATA_LESS = frozenset({ROW, "text", "news", "dashlist", "alertlist"})
"""Panels without queries of their own."""


@dataclass(frozen=True)
class Target:
    """One query of a panel."""

    ref: str
    expr: str
    legend: str = ""
    instant: bool = False
    format: str = "time_series"
    """``time_series``, ``table`` or ``heatmap``."""
    exemplar: bool = False
    hidden: bool = False
    interval: str = ""
    """The shortest step, as the query asks for it."""

    @classmethod
    def of(cls, content: Mapping[str, Any], position: int) -> Target:
        """Read it; without a letter it has the one that its position gives it, as in Grafana."""
        return cls(
            ref=content.get("refId") or chr(ord("A") + position),
            expr=content.get("expr", ""),
            legend=content.get("legendFormat", ""),
            # Neither flag, or both, is a range query that a graph can show.
            instant=bool(content.get("instant")) and not content.get("range"),
            format=content.get("format") or "time_series",
            exemplar=bool(content.get("exemplar")),
            hidden=bool(content.get("hide")),
            interval=content.get("interval", ""),
        )


@dataclass(frozen=True)
class Panel:
    """A panel, or the header of a row."""

    content: Mapping[str, Any]
    row: str = ""
    """The title of the collapsed row that it is in."""

    @property
    def id(self) -> int | None:
        """Its number in the dashboard."""
        number: int | None = self.content.get("id")
        return number

    @property
    def kind(self) -> str:
        """``timeseries``, ``stat``, ``row`` and so on."""
        return str(self.content.get("type", ""))

    @property
    def title(self) -> str:
        """Its title, with variables not filled in."""
        return str(self.content.get("title", ""))

    @property
    def description(self) -> str:
        """What its tooltip says."""
        return str(self.content.get("description", ""))

    @property
    def grid(self) -> tuple[int, int, int, int]:
        """Where it is: column, line, columns wide, lines high."""
        place = self.content.get("gridPos") or {}
        return place.get("x", 0), place.get("y", 0), place.get("w", 0), place.get("h", 0)

    @property
    def options(self) -> Mapping[str, Any]:
        """What its kind of panel has to set."""
        return self.content.get("options") or {}

    @property
    def field_config(self) -> Mapping[str, Any]:
        """How values are shown: defaults and overrides."""
        return self.content.get("fieldConfig") or {}

    @property
    def repeats(self) -> str:
        """The variable of whose values each has a panel like it."""
        return str(self.content.get("repeat") or "")

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """Its queries."""
        return tuple(Target.of(target, position) for position, target in enumerate(self.content.get("targets") or ()))


@dataclass(frozen=True)
class Variable:
    """What can be chosen on top of the dashboard."""

    content: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What queries call it."""
        return str(self.content["name"])

    @property
    def kind(self) -> str:
        """``query``, ``datasource``, ``custom``, ``interval``, ``textbox``, ``constant``."""
        return str(self.content.get("type", ""))

    @property
    def label(self) -> str:
        """What people read."""
        return str(self.content.get("label") or self.name)

    @property
    def query(self) -> str:
        """Where its values come from, as ``label_values(up, job)``; of a custom one, the values."""
        query = self.content.get("query", "")
        return str(query.get("query", "") if isinstance(query, Mapping) else query)

    @property
    def multi(self) -> bool:
        """Whether several values may be chosen."""
        return bool(self.content.get("multi"))

    @property
    def has_all(self) -> bool:
        """Whether All may be."""
        return bool(self.content.get("includeAll"))

    @property
    def all_value(self) -> str:
        """What stands for All; empty if it is every value."""
        return str(self.content.get("allValue") or "")

    @property
    def hidden(self) -> bool:
        """Whether it is not on the page."""
        return self.content.get("hide") == 2  # noqa: PLR2004 (Grafana's number for it)

    @property
    def current(self) -> list[str]:
        """What is chosen when the dashboard is opened."""
        value = (self.content.get("current") or {}).get("value", [])
        return [str(one) for one in value] if isinstance(value, list) else [str(value)]


@dataclass(frozen=True)
class Annotation:
    """Events that graphs show as vertical lines."""

    content: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.content.get("name", ""))

    @property
    def expr(self) -> str:
        """Its query; Grafana's own, of stored annotations, has none."""
        return str(self.content.get("expr") or (self.content.get("target") or {}).get("expr") or "")

    @property
    def enabled(self) -> bool:
        """Whether it is shown when the dashboard is opened."""
        return bool(self.content.get("enable", True))


@dataclass(frozen=True)
class Dashboard:
    """A dashboard."""

    content: Mapping[str, Any]
    name: str = ""
    """Its file's name, without the ending."""

    @classmethod
    def read(cls, file: Path) -> Dashboard:
        """Read a file.

        Raises:
            OSError: it cannot be read.
            ValueError: it is not JSON, or no dashboard.
        """
        content = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or "panels" not in content:
            raise ValueError(f"{file} has no panels: it should be a dashboard as Grafana's provisioning reads it")
        return cls(content, file.stem)

    @property
    def uid(self) -> str:
        """What links call it."""
        return str(self.content.get("uid", ""))

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.content.get("title", ""))

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, also those in collapsed rows, and the rows' headers."""
        return tuple(self._all_panels())

    @cached_property
    def variables(self) -> dict[str, Variable]:
        """Its variables by name, in their order."""
        found = (Variable(one) for one in (self.content.get("templating") or {}).get("list") or ())
        return {variable.name: variable for variable in found}

    @cached_property
    def annotations(self) -> tuple[Annotation, ...]:
        """Its annotations."""
        return tuple(Annotation(one) for one in (self.content.get("annotations") or {}).get("list") or ())

    @property
    def links(self) -> list[Mapping[str, Any]]:
        """Its links on top."""
        return list(self.content.get("links") or ())

    def _all_panels(self) -> Iterator[Panel]:
        for content in self.content["panels"]:
            yield Panel(content)
            for nested in content.get("panels") or ():
                yield Panel(nested, row=str(content.get("title", "")))
