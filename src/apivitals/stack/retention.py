"""For how long Prometheus must keep its data."""

from __future__ import annotations

from apivitals.objectives import Objectives

_LONGEST_LOOK_BACK_DAYS = 22
"""Of trends: traffic is compared with that of the last three weeks, the same hours of it."""


def needed_days(objectives: Objectives) -> int:
    """Return how many days of data the rules look back on."""
    days = [1]
    if objectives.features.slo:
        days.append(objectives.slo_window_days)
    if objectives.features.trends:
        days.append(_LONGEST_LOOK_BACK_DAYS)
    return max(days)


def kept_days(objectives: Objectives) -> int:
    """Return how many days are to be kept: half as many more, so that no window ends where the data does."""
    return -(-needed_days(objectives) * 3 // 2)
