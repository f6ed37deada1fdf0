"""Quantiles of a cumulative histogram, computed as Prometheus does."""

import math
from collections.abc import Mapping


def quantile(q: float, cumulative: Mapping[float, float]) -> float:
    """Estimate the ``q`` quantile (0 < q <= 1) of a histogram, in the unit of its bounds; NaN where it has no answer.

    ``cumulative`` maps each upper bound, ``inf`` included, to the number of observations at or below it. The
    interpolation is that of Prometheus's ``histogram_quantile``: linear inside the bucket, from zero in the first one;
    what lies beyond the highest finite bound is answered with that bound; no observation, no finite bound or no ``inf``
    bucket is NaN; a count that falls where it should rise (a scrape between two updates) is raised to the one before.

    Raises:
        ValueError: ``q`` is outside (0, 1].

    """
    if not 0 < q <= 1:
        raise ValueError(f"a quantile lies in (0, 1], not {q}")
    bounds = sorted(cumulative)
    if len(bounds) < 2 or bounds[-1] != math.inf:  # noqa: PLR2004 (one finite bound and +Inf)
        return math.nan
    counts = _rising([cumulative[bound] for bound in bounds])
    total = counts[-1]
    if not total > 0:
        return math.nan
    rank = q * total
    index = next(index for index, count in enumerate(counts) if count >= rank)
    if bounds[index] == math.inf:
        return bounds[-2]
    if index == 0 and bounds[0] <= 0:
        return bounds[0]
    lower_bound, below = (bounds[index - 1], counts[index - 1]) if index else (0.0, 0.0)
    return lower_bound + (bounds[index] - lower_bound) * (rank - below) / (counts[index] - below)


def _rising(counts: list[float]) -> list[float]:
    highest = 0.0
    return [highest := max(highest, count) for count in counts]
