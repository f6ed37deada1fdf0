"""What a rule file is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recording:
    """A query whose result is kept as the series `record`."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> dict[str, Any]:
        """Return it as Prometheus' files have it."""
        return _without_empty({"record": self.record, "expr": self.expr, "labels": dict(self.labels)})


@dataclass(frozen=True)
class Alert:
    """A condition that someone is told of once it has held for `held`."""

    name: str
    expr: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    held: str = ""

    def content(self) -> dict[str, Any]:
        """Return it as Prometheus' files have it."""
        return _without_empty(
            {
                "alert": self.name,
                "expr": self.expr,
                "for": self.held,
                "labels": dict(self.labels),
                "annotations": dict(self.annotations),
            }
        )


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated one after the other, at one time: each sees what those before it gave."""

    name: str
    interval: str
    rules: tuple[Recording | Alert, ...]

    def content(self) -> dict[str, Any]:
        """Return it as Prometheus' files have it."""
        return {"name": self.name, "interval": self.interval, "rules": [rule.content() for rule in self.rules]}


@dataclass(frozen=True)
class RuleFile:
    """A file of groups. `title` says what is in it."""

    name: str
    title: str
    groups: tuple[Group, ...]


def all_rules(files: Iterable[RuleFile]) -> list[Recording | Alert]:
    """Return the rules of all files."""
    return [rule for file in files for group in file.groups for rule in group.rules]


def _without_empty(content: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if value not in ("", {})}
