"""One number for a series, as legends and stats show: ``lastNotNull``, ``mean``, ``max``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

NAMES = {
    "lastNotNull": "Last *",
    "last": "Last",
    "firstNotNull": "First *",
    "first": "First",
    "mean": "Mean",
    "min": "Min",
    "max": "Max",
    "sum": "Total",
    "count": "Count",
    "range": "Range",
    "delta": "Delta",
    "diff": "Difference",
}
"""What legends call them."""


def reduced(name: str, values: Sequence[float | str | None]) -> float | str | None:
    """Reduce a series. A text is its own last value.

    Raises:
        ValueError: no reducer has that name.
    """
    if name not in NAMES:
        raise ValueError(f"the reducer {name!r} is not drawn: it should be one of {', '.join(NAMES)}")
    texts = [value for value in values if isinstance(value, str)]
    if texts:
        return texts[-1]
    numbers = [value for value in values if isinstance(value, (int, float)) and not math.isnan(value)]
    return _REDUCERS[name](numbers) if numbers else None


_REDUCERS: dict[str, Callable[[list[float]], float]] = {
    "lastNotNull": lambda values: values[-1],
    "last": lambda values: values[-1],
    "firstNotNull": lambda values: values[0],
    "first": lambda values: values[0],
    "mean": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
    "sum": sum,
    "count": len,
    "range": lambda values: max(values) - min(values),
    "delta": lambda values: sum(max(b - a, 0) for a, b in pairwise(values)),
    "diff": lambda values: values[-1] - values[0],
}
