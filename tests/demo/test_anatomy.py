"""A line for each route with its mean time, its bar and its largest parts, at any width."""

import pytest

from apivitals.demo.anatomy import Anatomy
from apivitals.demo.breakdown import Breakdown

CHECKOUT = Breakdown(10, {"external": 0.6, "database": 0.2, "endpoint": 0.2}, {"external": 10, "database": 30})
RENTALS = Breakdown(10, {"database": 0.9, "serialization": 0.1}, {"database": 92})
LOST = Breakdown(10, {"middleware": 0.007, "send": 0.003})


def anatomy(width, *breakdowns):
    return Anatomy([(f"GET /{number}", one) for number, one in enumerate(breakdowns)], label_width=20, width=width)


def test_a_line_has_the_mean_the_bar_the_largest_parts_and_the_most_calls():
    (line,) = anatomy(130, CHECKOUT).lines()
    _, label, mean, unit, bar, *words = line.plain.split()
    assert (label, mean, unit) == ("/0", "100", "ms")
    assert " ".join(words) == "external 60 % database 20 % database 3.0"
    assert {character: bar.count(character) / len(bar) for character in "█▓░"} == pytest.approx(
        {"█": 0.2, "▓": 0.6, "░": 0.2}, abs=0.05
    )


def test_one_call_for_each_request_is_not_worth_a_word():
    (line,) = anatomy(130, Breakdown(10, {"external": 1}, {"external": 10})).lines()
    assert line.plain.endswith("external 100 %")


@pytest.mark.parametrize("width", [80, 100, 110, 120, 160, 250])
def test_lines_keep_to_the_width_and_their_bars_stand_under_each_other(width):
    drawn = anatomy(width, CHECKOUT, RENTALS, LOST)
    lines = [line.plain for line in drawn.lines()]
    assert max(map(len, [drawn.heading().plain, *lines, *(line.plain for line in drawn.legend())])) <= width
    bars = [line[29:].split(" ")[0] for line in lines]
    assert len({len(bar) for bar in bars}) == 1
    assert len(bars[0]) >= 24


def test_a_narrow_terminal_keeps_the_calls_and_a_wide_one_names_the_parts():
    def words(width):
        (line,) = anatomy(width, CHECKOUT).lines()
        return " ".join(line.plain.split()[5:])

    assert [words(width) for width in (60, 70, 100, 120)] == [
        "",
        "database 3.0",
        "external 60 % database 3.0",
        "external 60 % database 20 % database 3.0",
    ]


def test_a_part_whose_name_has_no_room_is_left_out():
    (line,) = anatomy(80, Breakdown(1, {"a_name_of_rather_great_length": 1.0})).lines()
    assert "%" not in line.plain


def test_the_legend_names_what_can_be_seen():
    legend = " ".join(line.plain for line in anatomy(110, CHECKOUT).legend())
    assert legend == "██ database  ▓▓ external  ░░ endpoint"
    hardly_any = Breakdown(1, {"database": 1, "cache": 0.0001})
    assert "cache" not in " ".join(line.plain for line in anatomy(110, hardly_any).legend())
