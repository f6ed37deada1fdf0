"""Bars divide their cells as the seconds are divided, and each component can be told without colours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apivitals.breakdown import components
from apivitals.demo import bars

SECONDS = st.dictionaries(st.sampled_from(["database", "cache", "video", "endpoint", "send"]), st.floats(0, 100))


@given(st.lists(st.floats(0, 1e6), max_size=12), st.integers(1, 60))
def test_cells_add_up_and_none_is_a_whole_cell_off(values, cells):
    divided = bars.divide(values, cells)
    total = sum(values)
    if total > 0:
        assert sum(divided) == cells
        for value, cell in zip(values, divided, strict=True):
            assert abs(value / total * cells - cell) < 1 + 1e-6
    else:
        assert divided == [0 for _ in values]


@given(SECONDS, st.integers(1, 60))
def test_a_bar_is_as_wide_as_asked(seconds, width):
    looks = bars.fills(seconds)
    drawn = bars.bar(looks, bars.divide_among(looks, seconds, width))
    assert len(drawn) == (width if sum(seconds.values()) > 0 else 0)


def test_a_bar_shows_calls_first_then_what_was_tracked_then_phases():
    seconds = {"send": 1, "endpoint": 2, "video": 1, "database": 4}
    looks = bars.fills(seconds)
    assert bars.bar(looks, bars.divide_among(looks, seconds, 8)).plain == "████▚░░>"


def test_every_component_that_there_is_looks_different():
    names = [
        value
        for name, value in vars(components).items()
        if name.isupper() and isinstance(value, str) and not name.startswith("_")
    ]
    assert len(names) >= 12
    looks = bars.fills([*names, "pose", "resize", "video", "audio", "ocr"])
    characters = [fill.character for fill in looks.values()]
    assert len(set(characters)) == len(characters) == len(names) + 5


def test_more_names_than_looks_share_the_last_one():
    looks = bars.fills(f"name-{number:02}" for number in range(20))
    assert len(looks) == 20
    assert looks["name-00"] != looks["name-19"] == looks["name-18"]


@pytest.mark.parametrize("width", [16, 30, 60, 200])
def test_the_legend_names_each_component_once_and_fits(width):
    looks = bars.fills(["database", "gen_ai", "send", "endpoint"])
    lines = [line.plain for line in bars.legend(looks, width)]
    assert max(map(len, lines)) <= width
    assert "  ".join(lines) == "██ database  ▒▒ gen_ai  ░░ endpoint  >> send"
