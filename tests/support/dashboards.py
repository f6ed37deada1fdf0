"""The shipped dashboards, and every query in them with its variables filled in as Grafana does."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from apivitals.shipped import shipped
from tools.pictures.choices import choose, options
from tools.pictures.dashboard import DATA_LESS, ROW, Annotation, Dashboard, Panel, Target, Variable
from tools.pictures.interpolation import ALL, Choice, Filled, references
from tools.pictures.prometheus import Prometheus
from tools.pictures.steps import Times

__all__ = [
    "ALL",
    "DATA_LESS",
    "ROW",
    "Annotation",
    "Choice",
    "Dashboard",
    "Filled",
    "Panel",
    "Prometheus",
    "Query",
    "Target",
    "Times",
    "Variable",
    "fillings",
    "queries",
    "references",
    "shipped_dashboards",
]

_OF_A_VARIABLE = re.compile(r"(?:label_values|query_result)\((.+?)(?:,\s*[a-zA-Z_]\w*)?\)", re.DOTALL)


@dataclass(frozen=True)
class Query:
    """One query, and what it is for."""

    where: str
    """As ``overview: Requests [A]``, ``overview: $job``, ``overview: annotation Alerts``."""
    expr: str
    panel: Panel | None = None
    target: Target | None = None

    @property
    def is_instant(self) -> bool:
        """Whether it is asked for one time."""
        return self.target is not None and self.target.instant


def shipped_dashboards() -> list[Dashboard]:
    """Read what ships, in the order of the names."""
    return [Dashboard.read(file) for file in sorted(shipped("grafana/dashboards").glob("*.json"))]


def queries(dashboard: Dashboard) -> Iterator[Query]:
    """Yield the queries of panels, annotations and variables, not filled in."""
    name = dashboard.uid.removeprefix("apivitals-")
    for panel in dashboard.panels:
        for target in panel.targets:
            yield Query(f"{name}: {panel.title} [{target.ref}]", target.expr, panel, target)
    for annotation in dashboard.annotations:
        if annotation.expr:
            yield Query(f"{name}: annotation {annotation.name}", annotation.expr)
    for variable in dashboard.variables.values():
        if variable.kind == "query":
            found = _OF_A_VARIABLE.fullmatch(variable.query.strip())
            yield Query(f"{name}: ${variable.name}", found[1] if found else variable.query)


def fillings(
    dashboard: Dashboard, prometheus: Prometheus, times: Times, wanted: Mapping[str, Sequence[str]] | None = None
) -> dict[str, dict[str, Choice]]:
    """Choose in every way that is tried: All of everything, and of each variable its first value.

    What is `wanted` stays as it is, in all of them. A variable that has no All has its first value in each.

    Raises:
        AssertionError: a variable has no value to choose.
    """
    wanted = wanted or {}
    made: dict[str, dict[str, Choice]] = {"All": _choices(dashboard, prometheus, times, wanted)}
    for variable in dashboard.variables.values():
        if variable.has_all and variable.name not in wanted:
            first = made["All"][variable.name].values[:1]
            own = {**wanted, variable.name: first}
            made[f"{variable.name}={first[0]}"] = _choices(dashboard, prometheus, times, own)
    return made


def _choices(
    dashboard: Dashboard, prometheus: Prometheus, times: Times, wanted: Mapping[str, Sequence[str]]
) -> dict[str, Choice]:
    choices: dict[str, Choice] = {}
    for variable in dashboard.variables.values():
        values = options(variable, prometheus, times, choices)
        if not values:
            raise AssertionError(f"{dashboard.uid}: ${variable.name} has no value: {variable.query}")
        fitting = [one for one in wanted.get(variable.name, ()) if one in values]
        choices[variable.name] = choose(variable, values, fitting or ([ALL] if variable.has_all else values[:1]))
    return choices
