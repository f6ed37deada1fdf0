"""Queries of a dashboard, asked as its panels ask them, with variables chosen in every way that matters."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.support.dashboards import Choice, Dashboard, Filled, Prometheus, Query, Times, references
from tools.pictures.choices import choose, options
from tools.pictures.interpolation import ALL, UnknownVariableError
from tools.pictures.prometheus import QueryError, Series

_MOST_VALUES = 25


@dataclass
class Asker:
    """Asks one Prometheus for what one dashboard shows."""

    dashboard: Dashboard
    prometheus: Prometheus
    times: Times
    _chosen: dict[tuple[tuple[str, str], ...], Mapping[str, Choice]] = field(default_factory=dict)
    _answers: dict[tuple[str, bool], bool] = field(default_factory=dict)

    def faults(self, query: Query) -> Iterator[str]:
        """Yield what is wrong: with All chosen it is an error or has no data, or with no value of a variable it has."""
        try:
            if not self._has_data(query, {}) and self._all_are_chosen(query):
                yield f"{query.where}: nothing with All: {self._expr(query, {})}"
                return
            for name in references(query.expr) & set(self.dashboard.variables):
                values = self._values(name)
                if not any(self._has_data(query, {name: value}) for value in values[:_MOST_VALUES]):
                    yield f"{query.where}: nothing with any ${name} of {values}: {self._expr(query, {name: values[0]})}"
        except (QueryError, UnknownVariableError) as error:
            yield f"{query.where}: {error}: {query.expr}"

    def choices(self, wanted: Mapping[str, str]) -> Mapping[str, Choice]:
        """Choose what is wanted, otherwise All, or the first value where there is no All.

        Raises:
            AssertionError: a variable has no value.
        """
        key = tuple(sorted(wanted.items()))
        if key not in self._chosen:
            made: dict[str, Choice] = {}
            for variable in self.dashboard.variables.values():
                values = options(variable, self.prometheus, self.times, made)
                if not values:
                    raise AssertionError(f"{self.dashboard.uid}: ${variable.name} has no value: {variable.query}")
                otherwise = [ALL] if variable.has_all else values[:1]
                own = [wanted[variable.name]] if wanted.get(variable.name) in values else otherwise
                made[variable.name] = choose(variable, values, own)
            self._chosen[key] = made
        return self._chosen[key]

    def _values(self, name: str) -> Sequence[str]:
        return self.choices({})[name].values if self.dashboard.variables[name].has_all else self._all_values(name)

    def _all_values(self, name: str) -> Sequence[str]:
        return options(self.dashboard.variables[name], self.prometheus, self.times, self.choices({}))

    def _all_are_chosen(self, query: Query) -> bool:
        used = references(query.expr) & set(self.dashboard.variables)
        return all(self.dashboard.variables[name].has_all for name in used)

    def _filled(self, query: Query, wanted: Mapping[str, str]) -> Filled:
        points = query.panel.content.get("maxDataPoints") if query.panel is not None else None
        return Filled(self.choices(wanted), self.times.for_points(points))

    def _expr(self, query: Query, wanted: Mapping[str, str]) -> str:
        return self._filled(query, wanted).query(query.expr, query.target.interval if query.target else "")

    def _has_data(self, query: Query, wanted: Mapping[str, str]) -> bool:
        expr = self._expr(query, wanted)
        key = (expr, query.is_instant)
        if key not in self._answers:
            self._answers[key] = any(_has_numbers(series) for series in self._ask(query, expr))
        return self._answers[key]

    def _ask(self, query: Query, expr: str) -> Sequence[Series]:
        if query.is_instant:
            return self.prometheus.instant(expr, self.times.end)
        step = self.times.step_seconds(query.target.interval if query.target else "")
        return self.prometheus.range(expr, *self.times.aligned(step), step)


def _has_numbers(series: Series) -> bool:
    return any(math.isfinite(value) for _, value in series.points)
