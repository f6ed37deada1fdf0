"""The values of a dashboard's variables, as its queries give them, and what is chosen of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tools.pictures.dashboard import Dashboard, Variable
from tools.pictures.interpolation import ALL, Choice, Filled
from tools.pictures.prometheus import Prometheus, QueryError
from tools.pictures.steps import Times

_LABEL_VALUES = re.compile(r"label_values\((?:(.+),\s*)?([a-zA-Z_][a-zA-Z0-9_]*)\)", re.DOTALL)
_QUERY_RESULT = re.compile(r"query_result\((.+)\)", re.DOTALL)
_NAMED = re.compile(r"\(\?P?<(\w+)>")


def chosen(
    dashboard: Dashboard, prometheus: Prometheus, times: Times, wanted: Mapping[str, Sequence[str]]
) -> dict[str, Choice]:
    """Choose what is `wanted`, else what the dashboard opens with, else All, else the first value.

    Raises:
        QueryError: a variable's query is wrong.
    """
    choices: dict[str, Choice] = {}
    for variable in dashboard.variables.values():
        values = options(variable, prometheus, times, choices)
        choices[variable.name] = choose(variable, values, wanted.get(variable.name, ()))
    return choices


def choose(variable: Variable, values: Sequence[str], wanted: Sequence[str] = ()) -> Choice:
    """Choose `wanted` of the values, or what stands in for it."""
    is_regex = variable.multi or variable.has_all
    opened = [one for one in variable.current if one in {ALL, *values}]
    taken = list(wanted) or opened or ([ALL] if variable.has_all else list(values[:1]))
    if ALL in taken or (variable.has_all and taken in (["All"], [variable.all_value])):
        all_value = variable.all_value or f"({'|'.join(values)})"
        return Choice(tuple(values), is_regex, all_value)
    return Choice(tuple(taken), is_regex)


def options(variable: Variable, prometheus: Prometheus, times: Times, choices: Mapping[str, Choice]) -> Sequence[str]:
    """Return the values that can be chosen.

    Raises:
        QueryError: its query is wrong.
    """
    if variable.kind == "datasource":
        return ["prometheus"]
    if variable.kind != "query":
        parts = [part.strip() for part in variable.query.split(",")]
        return [part.split(" : ")[-1] for part in parts]
    query = Filled(choices, times).query(variable.query)
    if found := _LABEL_VALUES.fullmatch(query.strip()):
        values = prometheus.label_values(found[2], found[1] or "", times.begin, times.end)
    elif found := _QUERY_RESULT.fullmatch(query.strip()):
        values = [_written(one.labels) for one in prometheus.instant(found[1], times.end)]
    else:
        raise QueryError(f"variable {variable.name}: {query!r} is neither label_values() nor query_result()")
    return _filtered(values, str(variable.content.get("regex") or ""))


def _written(labels: Mapping[str, str]) -> str:
    own = ",".join(f'{name}="{value}"' for name, value in labels.items() if name != "__name__")
    return f"{labels.get('__name__', '')}{{{own}}}"


def _filtered(values: Sequence[str], pattern: str) -> Sequence[str]:
    """Keep what fits the variable's own regular expression, and of that the first group."""
    if not pattern:
        return [value for value in values if value]
    compiled = re.compile(_NAMED.sub(r"(?P<\1>", pattern.strip("/")))
    found = [match for match in map(compiled.search, values) if match]
    return list(
        dict.fromkeys(
            match.group("value") if "value" in compiled.groupindex else match.group(1 if compiled.groups else 0)
            for match in found
        )
    )
