"""The response times that objectives compare with, and where each is given.

Each must be a bucket bound of the response-time histogram: between two bounds, a histogram knows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from apivitals.catalog import PRIORITIES
from apivitals.objectives.location import Location
from apivitals.objectives.service_class import Classes, ServiceClass
from apivitals.objectives.thresholds import Sla


def compared_with(classes: Classes, routes: Mapping[str, ServiceClass], sla: Sla) -> Iterator[tuple[Location, float]]:
    """Yield the place and the seconds of every rating, latency objective and target of the SLA."""
    for priority in PRIORITIES:
        yield from _of_class(("classes", priority), classes.of(priority))
    for pattern, route in routes.items():
        yield from _of_class(("routes", pattern), route)
    for key in ("p95_seconds", "p99_seconds"):
        seconds = getattr(sla, key)
        if seconds is not None:
            yield ("sla", key), seconds


def _of_class(place: Location, values: ServiceClass) -> Iterator[tuple[Location, float]]:
    for rating, seconds in values.response_time_seconds:
        yield (*place, "response_time_seconds", rating), seconds
    for number, objective in enumerate(values.latency):
        yield (*place, "latency", number, "within_seconds"), objective.within_seconds
