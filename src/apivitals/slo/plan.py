"""What the rules are made from: the objectives, and how the series that they are about are selected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from apivitals import route_pattern
from apivitals.catalog import PRIORITIES
from apivitals.objectives import Objectives, ServiceClass
from apivitals.objectives.burn_rate import SCRAPES_IN_A_WINDOW
from apivitals.slo.promql import Select, glob_regex, quoted
from apivitals.slo.series import CLASS, METHOD, OF_ROUTE, PRIORITY, ROUTE, Level

SHORTEST_WINDOW_SECONDS = 300
_GLOB = frozenset("*?[")


class CannotGenerateError(ValueError):
    """The objectives ask for rules that cannot work. The message says which key, and what would be right."""


@dataclass(frozen=True)
class Subject:
    """Requests that something is demanded of: those of a class, or of a route with values of its own."""

    name: str
    level: Level
    demands: ServiceClass
    own: frozenset[str]
    """The values that are its own; of a class, all."""
    has_objectives: bool
    labels: dict[str, str]
    """Labels of its rules, by which those of two subjects differ."""
    matchers: tuple[str, ...]
    """Its series; each is a list of matchers, and what fits any of them belongs to it."""
    by: str = field(default="")
    """Words that say which requests, in a template: ``critical-priority requests``."""

    def series(self, select: Select, name: str, *matchers: str, before: str = "") -> str:
        """Select its series called `name`."""
        parts = [select(name, *matchers, own, before=before) for own in self.matchers]
        return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"


@dataclass(frozen=True)
class Plan:
    """The objectives, with what the rules need of them at hand."""

    objectives: Objectives
    select: Select
    subjects: tuple[Subject, ...]

    @property
    def windows_days(self) -> int:
        """The days that an error budget is for."""
        return self.objectives.slo_window_days


def plan_of(objectives: Objectives) -> Plan:
    """Plan the rules.

    Raises:
        CannotGenerateError: the scrapes are too far apart for the shortest window.
    """
    most = SHORTEST_WINDOW_SECONDS / SCRAPES_IN_A_WINDOW
    if objectives.scrape_interval_seconds > most:
        raise CannotGenerateError(
            f"scrape_interval_seconds = {objectives.scrape_interval_seconds:g}: the shortest window of the rules is"
            f" {SHORTEST_WINDOW_SECONDS // 60} minutes and needs {SCRAPES_IN_A_WINDOW} scrapes: give {most:g} or less"
        )
    return Plan(objectives, Select(dict(objectives.selector)), (*_classes(objectives), *_routes(objectives)))


def _classes(objectives: Objectives) -> Iterator[Subject]:
    for name in PRIORITIES:
        yield Subject(
            name=name,
            level=CLASS,
            demands=objectives.classes.of(name),
            own=frozenset(ServiceClass.model_fields),
            has_objectives=True,
            labels={PRIORITY: name},
            matchers=(f'{PRIORITY}="{name}"',),
            by=f"{name}-priority requests",
        )


def _routes(objectives: Objectives) -> Iterator[Subject]:
    earlier: list[str] = []
    for pattern, route in objectives.routes.items():
        own = frozenset(objectives.own_values(pattern))
        if own or route.objectives:
            yield Subject(
                name=pattern,
                level=OF_ROUTE,
                demands=route,
                own=own,
                has_objectives=route.objectives,
                labels={"pattern": pattern},
                matchers=tuple(_matchers(pattern, [other for other in earlier if _may_overlap(pattern, other)])),
                by=f"{{{{ $labels.{METHOD} }}}} {{{{ $labels.{ROUTE} }}}}",
            )
        earlier.append(pattern)


def _matchers(pattern: str, earlier: list[str]) -> Iterator[str]:
    """Yield matchers of what fits `pattern` and none of the `earlier` ones, which go before it."""
    method, glob = route_pattern.split(pattern)
    others = [route_pattern.split(other) for other in earlier]
    anywhere = [globbed for wanted, globbed in others if wanted in {"", method}]
    if method:
        yield ",".join([f"{METHOD}={quoted(method)}", *_of_route(glob, anywhere)])
        return
    methods = list(dict.fromkeys(wanted for wanted, _ in others if wanted))
    without = [f"{METHOD}!~{quoted('|'.join(methods))}"] if methods else []
    yield ",".join([*without, *_of_route(glob, anywhere)])
    for one in methods:
        hidden = [globbed for wanted, globbed in others if wanted in {"", one}]
        yield ",".join([f"{METHOD}={quoted(one)}", *_of_route(glob, hidden)])


def _of_route(glob: str, hidden: list[str]) -> Iterator[str]:
    yield f"{ROUTE}=~{quoted(glob_regex(glob))}" if _GLOB & set(glob) else f"{ROUTE}={quoted(glob)}"
    if _GLOB & set(glob):
        yield f'{ROUTE}!=""'
    if hidden:
        yield f"{ROUTE}!~{quoted('|'.join(map(glob_regex, hidden)))}"


def _may_overlap(pattern: str, other: str) -> bool:
    one, two = route_pattern.split(pattern)[1], route_pattern.split(other)[1]
    if not _GLOB & set(one):
        return fnmatchcase(one, two)
    if not _GLOB & set(two):
        return fnmatchcase(two, one)
    start, begin = _before_glob(one), _before_glob(two)
    return start.startswith(begin) or begin.startswith(start)


def _before_glob(glob: str) -> str:
    return glob[: min((glob.index(mark) for mark in _GLOB if mark in glob), default=len(glob))]
