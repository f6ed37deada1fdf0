"""Numbers keep their unit and their width."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apivitals.demo import formatting


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.00042, "0.42 ms"),
        (0.00421, "4.21 ms"),
        (0.0421, "42.1 ms"),
        (0.421, "421 ms"),
        (0.0099999, "10.0 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (1, "1.00 s"),
        (12.34, "12.3 s"),
        (0, "0.00 ms"),
        (math.nan, "-"),
    ],
)
def test_durations(value, expected):
    assert formatting.seconds(value) == expected


@given(st.floats(0, 999))
def test_a_duration_has_at_most_seven_characters_and_means_what_it_says(value):
    text = formatting.seconds(value)
    assert len(text) <= 7
    number, unit = text.split()
    assert float(number) * {"ms": 0.001, "s": 1}[unit] == pytest.approx(value, rel=0.006, abs=5e-6)


@pytest.mark.parametrize(
    ("value", "expected"), [(0, "0.0"), (0.01, "<0.1"), (0.05, "0.1"), (31.26, "31.3"), (math.nan, "-")]
)
def test_rates(value, expected):
    assert formatting.per_second(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(0, "0 %"), (100, "100 %"), (12.34, "12.3 %"), (math.nan, "-")])
def test_shares(value, expected):
    assert formatting.percent(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0 B/s"),
        (999, "999 B/s"),
        (999.9, "1.00 kB/s"),
        (12_345, "12.3 kB/s"),
        (999_900, "1.00 MB/s"),
        (4_560_000, "4.56 MB/s"),
        (7.2e9, "7.20 GB/s"),
        (math.nan, "-"),
    ],
)
def test_bandwidths(value, expected):
    assert formatting.bytes_per_second(value) == expected


def test_the_clock_shows_minutes_and_seconds():
    assert [formatting.clock(value) for value in (0, 7.9, 60, 754)] == ["0:00", "0:07", "1:00", "12:34"]


def test_a_sparkline_rises_from_zero_to_the_highest():
    assert formatting.sparkline([0, 5, 10], 5) == "  ▁▅█"


def test_a_sparkline_shows_the_newest_values_only():
    assert formatting.sparkline([100, 1, 1], 2) == "██"


def test_a_sparkline_of_nothing_is_flat():
    assert formatting.sparkline([], 3) == "   "
    assert formatting.sparkline([0, 0], 3) == " ▁▁"


@given(st.lists(st.floats(0, 1e6), max_size=30), st.integers(1, 20))
def test_a_sparkline_has_the_width_it_is_given(values, cells):
    assert len(formatting.sparkline(values, cells)) == cells


def test_a_history_is_halved_from_its_newest_end():
    assert formatting.pairs([9, 1, 3, 5, 7]) == [2, 6]
    assert formatting.pairs([4]) == []
