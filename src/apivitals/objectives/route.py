"""A route, or a glob of routes, with its class and values of its own."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from apivitals.catalog import Priority
from apivitals.objectives.service_class import ServiceClass

CLASS = "class"


class Route(ServiceClass):
    """What is demanded of a route: what its class demands, but for the values given here."""

    priority: Priority = Field(alias=CLASS, description="The class; not given, `default_priority`.")
    objectives: bool = Field(
        default=False,
        description="SLOs of its own, beside those of its class; not given, true when `availability_percent` or"
        " `latency` is given.",
    )


def written_out(value: Any, default: Priority) -> Any:
    """Turn the short form, a class's name, into the long one, and find what the long form leaves to be found."""
    if isinstance(value, str):
        return {CLASS: value}
    if not isinstance(value, dict):
        return value
    own_objectives = any(value.get(key) is not None for key in ("availability_percent", "latency"))
    return {CLASS: default, "objectives": own_objectives, **value}
