"""Families, for tests to look things up in."""

from collections.abc import Iterable

from apivitals.families import Distribution, Family, Number

Key = tuple[str, ...]


def numbers(families: Iterable[Family]) -> dict[Key, float]:
    """Return the values of counters and gauges by name and label values."""
    return {
        (family.metric.exposed, *(("overflow",) if point.labels is None else point.labels)): point.value
        for family in families
        for point in family.points
        if isinstance(point, Number)
    }


def distributions(families: Iterable[Family]) -> dict[Key, Distribution]:
    """Return the histograms by name and label values."""
    return {
        (family.metric.exposed, *(("overflow",) if point.labels is None else point.labels)): point
        for family in families
        for point in family.points
        if isinstance(point, Distribution)
    }
