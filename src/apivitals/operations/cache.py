"""Caches: how often they are asked, and how often in vain."""

from __future__ import annotations

from apivitals.operations.checks import checked_text
from apivitals.operations.meter import OPERATIONS

HIT, MISS = "hit", "miss"


def cache_hit(cache: str = "default") -> None:
    """Count a look-up that found something in `cache`; its name is bounded as all label values are, so no keys.

    Raises:
        TypeError: the name is no string.
        ValueError: the name is empty.
    """
    count(cache, HIT)


def cache_miss(cache: str = "default") -> None:
    """Count a look-up that found nothing in `cache`; for the rest see `cache_hit`."""
    count(cache, MISS)


def count(cache: str, result: str) -> None:
    """Count a look-up by its result."""
    checked_text(cache, "the name of a cache", '"sessions"')
    try:
        OPERATIONS.cache_requests[cache, result].add(1.0)
    except Exception as error:  # noqa: BLE001  # telemetry never breaks what it counts
        OPERATIONS.errors.caught("operation", error)
