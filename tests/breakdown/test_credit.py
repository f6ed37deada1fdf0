"""A call that was timed elsewhere takes its seconds from what it was made in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apivitals.breakdown.timeline import Interval, Timeline


def test_it_takes_them_from_the_phase():
    timeline = Timeline(0.0, "endpoint")
    timeline.credit(timeline, "video", 2.0, 5.0)
    timeline.end(6.0)
    assert timeline.seconds == {"endpoint": 4.0, "video": 2.0}
    assert timeline.components()["video"] == (2.0, 1, 2.0)


def test_it_takes_them_from_the_innermost_interval():
    timeline = Timeline(0.0, "endpoint")
    around = timeline.open(timeline, "work", 1.0)
    assert around is not None
    timeline.credit(around, "video", 3.0, 5.0)
    timeline.close(around, 6.0)
    timeline.credit(around, "video", 0.5, 7.0)
    timeline.end(8.0)
    assert timeline.seconds == {"endpoint": 2.5, "work": 2.0, "video": 3.5}


def test_it_takes_no_more_than_there_is():
    timeline = Timeline(0.0, "endpoint")
    timeline.credit(timeline, "video", 20.0, 5.0)
    timeline.credit(timeline, "video", 20.0, 5.0)
    timeline.end(6.0)
    assert timeline.seconds == {"endpoint": 1.0, "video": 5.0}
    timeline.credit(timeline, "video", 1.0, 7.0)
    assert timeline.seconds == {"endpoint": 1.0, "video": 5.0}


@given(st.lists(st.tuples(st.sampled_from(["enter", "open", "close", "credit"]), st.floats(0, 10)), max_size=40))
def test_the_parts_still_add_up(events):
    timeline = Timeline(0.0, "endpoint")
    at = 0.0
    opened: list[Interval] = []
    for what, seconds in events:
        at += seconds
        inside = opened[-1] if opened else timeline
        if what == "enter":
            timeline.enter("send", at)
        elif what == "open":
            interval = timeline.open(inside, "work", at)
            assert interval is not None
            opened.append(interval)
        elif what == "close" and opened:
            timeline.close(opened.pop(0), at)
        elif what == "credit":
            timeline.credit(inside, "video", seconds * 2, at)
    timeline.end(at)
    assert sum(timeline.seconds.values()) == pytest.approx(at)
    assert all(value >= -1e-9 for value in timeline.seconds.values())
