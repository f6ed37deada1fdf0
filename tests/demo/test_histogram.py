"""The quantiles are Prometheus's: hand-computed values, and what must hold of any histogram."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from apivitals.demo.histogram import quantile

INF = math.inf


@st.composite
def histograms(draw):
    """Cumulative buckets with bounds above zero and at least one observation."""
    bounds = draw(st.lists(st.floats(0.001, 1000), min_size=1, max_size=20, unique=True))
    counts = draw(st.lists(st.integers(0, 1000), min_size=len(bounds) + 1, max_size=len(bounds) + 1))
    assume(sum(counts) > 0)
    running, cumulative = 0, {}
    for bound, count in zip([*sorted(bounds), INF], counts, strict=True):
        running += count
        cumulative[bound] = running
    return cumulative


QUANTILES = st.floats(0, 1, exclude_min=True)


@pytest.mark.parametrize(
    ("q", "cumulative", "expected"),
    [
        # 10 in (0, 0.1]: the fifth of ten, half way through the bucket.
        (0.5, {0.1: 10, 1: 10, INF: 10}, 0.05),
        # Rank 9.5 of 10: the 4th to 10th lie in (0.1, 0.5], of which it is 6.5 sevenths of the way.
        (0.95, {0.1: 3, 0.5: 10, INF: 10}, 0.1 + 0.4 * 6.5 / 7),
        # Rank exactly at a bucket's end is that bucket's bound, not the next bucket.
        (0.5, {0.1: 5, 1: 10, INF: 10}, 0.1),
        # Beyond the highest finite bound there is nothing to interpolate to.
        (0.99, {0.1: 1, 1: 2, INF: 10}, 1),
        (1.0, {0.1: 0, 1: 0, INF: 4}, 1),
        # The empty buckets in between are skipped.
        (1.0, {0.1: 0, 0.2: 0, 0.4: 2, 0.8: 2, INF: 2}, 0.4),
        # A first bound at or below zero has no lower bound to interpolate from.
        (0.1, {0.0: 5, 100: 10, INF: 10}, 0.0),
        # A scrape between two updates: the count may not fall.
        (0.5, {0.1: 10, 1: 8, INF: 10}, 0.05),
    ],
)
def test_is_computed_as_by_hand(q, cumulative, expected):
    assert quantile(q, cumulative) == pytest.approx(expected)


@pytest.mark.parametrize("cumulative", [{}, {INF: 5}, {0.1: 5, 1: 5}, {0.1: 0, INF: 0}, {0.1: math.nan, INF: math.nan}])
def test_has_no_answer_without_observations_or_bounds(cumulative):
    assert math.isnan(quantile(0.5, cumulative))


@pytest.mark.parametrize("q", [0, -0.1, 1.1, math.nan])
def test_refuses_what_is_no_quantile(q):
    with pytest.raises(ValueError, match=r"a quantile lies in \(0, 1\]"):
        quantile(q, {0.1: 1, INF: 1})


@given(histograms(), QUANTILES, QUANTILES)
def test_never_falls_as_q_rises(cumulative, one, other):
    lower, higher = sorted((one, other))
    assert quantile(lower, cumulative) <= quantile(higher, cumulative) * (1 + 1e-12)


@given(histograms(), QUANTILES)
def test_lies_in_the_bucket_that_holds_the_rank(cumulative, q):
    bounds = sorted(cumulative)
    rank = q * cumulative[INF]
    index = min(index for index, bound in enumerate(bounds) if cumulative[bound] >= rank)
    value = quantile(q, cumulative)
    if bounds[index] == INF:
        assert value == bounds[-2]
    else:
        below = bounds[index - 1] if index else 0.0
        assert below <= value <= bounds[index] * (1 + 1e-12)


@given(histograms(), QUANTILES, st.integers(2, 1000))
def test_does_not_depend_on_how_many_times_each_was_seen(cumulative, q, factor):
    # At a bucket's end, the last digit of the rank decides between this bucket and the next that is not empty.
    assume(not any(math.isclose(count, q * cumulative[INF]) for count in cumulative.values()))
    more = {bound: count * factor for bound, count in cumulative.items()}
    assert quantile(q, more) == pytest.approx(quantile(q, cumulative))
