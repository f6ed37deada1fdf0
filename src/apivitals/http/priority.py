"""How much a route matters: a decorator in the code, patterns in the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from apivitals.catalog import PRIORITIES, Priority
from apivitals.route_pattern import fits

_ATTRIBUTE = "__apivitals_priority__"
_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


def priority(level: Priority) -> Callable[[_Endpoint], _Endpoint]:
    """Say how much an endpoint matters: ``critical``, ``high``, ``medium`` or ``low``.

    It works above and below the route decorator, on functions and on endpoint classes. A pattern in the setting
    `priorities` that fits the route goes before it.

    Raises:
        ValueError: `level` is none of the four.
    """
    if level not in PRIORITIES:
        raise ValueError(f"priority({level!r}): use one of {', '.join(PRIORITIES)}")

    def mark(endpoint: _Endpoint) -> _Endpoint:
        setattr(endpoint, _ATTRIBUTE, level)
        return endpoint

    return mark


def priority_of(
    method: str, route: str, endpoint: Any, priorities: Mapping[str, Priority], default: Priority
) -> Priority:
    """Find a route's priority: the first pattern that fits, else the endpoint's own, else `default`."""
    if route:
        for pattern, level in priorities.items():
            if fits(pattern, method, route):
                return level
    own = getattr(endpoint, _ATTRIBUTE, None)
    return own if own in PRIORITIES else default
