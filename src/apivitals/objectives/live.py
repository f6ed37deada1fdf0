"""What a running service shows of itself on ``/metrics``, and where the file does not go with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from apivitals import route_pattern
from apivitals.catalog import Priority, label_name
from apivitals.catalog.http import METHOD, PRIORITY, REQUEST_DURATION, ROUTE
from apivitals.objectives.checks import asked
from apivitals.objectives.finding import Finding, error, warning
from apivitals.objectives.objectives import Objectives
from apivitals.objectives.overlap import hides

Request = tuple[str, str]
"""A method, and a route's template."""

_BUCKET = f"{REQUEST_DURATION.exposed}_bucket"


@dataclass(frozen=True)
class Live:
    """The routes that have answered a request since the service was started, and the bounds of their histogram."""

    priorities: Mapping[Request, Priority]
    bounds_seconds: frozenset[float]


def live(page: str) -> Live:
    """Read the text of a metrics page, in the Prometheus text format.

    Raises:
        ValueError: it is in another format.
    """
    lines = (line for line in page.splitlines(keepends=True) if line.startswith(_BUCKET))
    priorities: dict[Request, Priority] = {}
    bounds = set()
    for family in text_string_to_metric_families("".join(lines)):
        for sample in family.samples:
            labels: Mapping[str, str] = sample.labels
            route = labels.get(label_name(ROUTE), "")
            bounds.add(float(labels["le"]))
            if route:
                priorities[labels[label_name(METHOD)], route] = labels[label_name(PRIORITY)]  # type: ignore[assignment]  # what a service of ours shows
    return Live(priorities, frozenset(bounds))


def compare(objectives: Objectives, service: Live) -> Iterator[Finding]:
    """Yield what in the file does not go with the running service."""
    if not service.bounds_seconds:
        yield warning((), "the service has answered no request yet: its routes and bucket bounds are not known")
        return
    yield from _thresholds(objectives, service.bounds_seconds)
    yield from _unused(objectives, service.priorities)
    yield from _priorities(objectives, service.priorities)


def _thresholds(objectives: Objectives, bounds: frozenset[float]) -> Iterator[Finding]:
    said = set()
    for location, seconds in objectives.response_times():
        if seconds not in bounds and seconds not in said:
            said.add(seconds)
            yield error(
                location,
                f"{seconds:g} s is no bucket bound of the running service: start it again with this file, or add"
                f" {seconds:g} to its duration_bounds_seconds",
            )


def _unused(objectives: Objectives, routes: Iterable[Request]) -> Iterator[Finding]:
    """Find patterns that no live route reaches. An excluded route is never live, so those say nothing."""
    patterns = [each for each in asked(objectives) if each[0][0] != "excluded_routes"]
    for number, (place, pattern, _) in enumerate(patterns):
        fitting = [request for request in routes if route_pattern.fits(pattern, *request)]
        earlier = [each for _, each, _ in patterns[:number]]
        if not fitting:
            yield warning(place, f"fits no route that the service has answered so far{_nearest(pattern, routes)}")
        elif not any(hides(each, pattern) for each in earlier):
            taken = {each for each in earlier for request in fitting if route_pattern.fits(each, *request)}
            if all(any(route_pattern.fits(each, *request) for each in earlier) for request in fitting):
                before = ", ".join(map(repr, sorted(taken)))
                yield warning(place, f"decides for no route of the service: {before} comes first for all that fit")


def _priorities(objectives: Objectives, priorities: Mapping[Request, Priority]) -> Iterator[Finding]:
    for (method, route), priority in sorted(priorities.items()):
        wanted, place = _wanted(objectives, method, route)
        if wanted != priority and place[0] != "default_priority":
            yield warning(
                place,
                f"the service labels {method} {route} as {priority}, and the file as {wanted}: start it again with"
                " this file, or see whether its arguments or environment say otherwise",
            )


def _wanted(objectives: Objectives, method: str, route: str) -> tuple[Priority, tuple[str, ...]]:
    wanted = objectives.class_of(method, route)
    for pattern in objectives.route_priorities():
        if route_pattern.fits(pattern, method, route):
            return wanted, ("priorities" if pattern in objectives.priorities else "routes", pattern)
    return wanted, ("default_priority",)


def _nearest(pattern: str, routes: Iterable[Request]) -> str:
    method, glob = route_pattern.split(pattern)
    known = [f"{each} {route}" if method else route for each, route in routes]
    near = difflib.get_close_matches(f"{method} {glob}".strip(), known, n=1, cutoff=0.7)
    return f"; did you mean {near[0]!r}?" if near else ""
