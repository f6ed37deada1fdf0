"""The sliding window, and the history of the last minute."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apivitals.demo.route import Route
from apivitals.demo.scrape import Scrape
from apivitals.demo.timeline import STEPS, WINDOW_SECONDS, Timeline
from apivitals.demo.vital_signs import RESPONSE_TIME

ROUTE = Route("GET", "/a", "high")
LABELS = (("http_request_method", "GET"), ("http_route", "/a"), ("priority", "high"))


def scrape(at_seconds, count):
    return Scrape(at_seconds, {f"{RESPONSE_TIME}_count": {LABELS: float(count)}})


def test_the_window_slides_over_the_last_ten_seconds():
    timeline = Timeline(scrape(0, 0))
    # One a second for a minute, then five a second.
    for second in range(1, 61):
        timeline.add(scrape(second, second))
    for second in range(61, 71):
        timeline.add(scrape(second, 60 + 5 * (second - 60)))
    assert timeline.recent().seconds == WINDOW_SECONDS
    assert timeline.recent().by_route[ROUTE].throughput_per_second == pytest.approx(5)
    assert timeline.whole().by_route[ROUTE].throughput_per_second == pytest.approx(110 / 70)


def test_until_the_window_is_full_it_begins_at_the_baseline():
    timeline = Timeline(scrape(100, 7))
    timeline.add(scrape(102, 11))
    assert timeline.recent().seconds == 2
    assert timeline.recent().by_route[ROUTE].throughput_per_second == pytest.approx(2)


def test_the_baseline_alone_says_nothing():
    with pytest.raises(ValueError, match="must be the later one"):
        Timeline(scrape(0, 0)).recent()


def test_the_history_is_the_last_minute_in_steps_of_five_seconds():
    timeline = Timeline(scrape(0, 0))
    # One a second in the first five seconds, two a second in the next, and so on, for 70 s.
    count = 0
    for second in range(1, 71):
        count += 1 + (second - 1) // 5
        timeline.add(scrape(second, count))
    assert timeline.throughput_history() == {ROUTE: [float(step) for step in range(3, 15)]}
    assert len(timeline.throughput_history()[ROUTE]) == STEPS


def test_a_route_seen_late_was_at_zero_before():
    timeline = Timeline(Scrape(0))
    timeline.add(Scrape(5))
    timeline.add(scrape(10, 10))
    assert timeline.throughput_history() == {ROUTE: [0.0, 2.0]}


@given(st.lists(st.floats(0.1, 5), min_size=1, max_size=60))
def test_the_window_is_the_shortest_that_covers_ten_seconds(pauses):
    timeline, now, times = Timeline(scrape(0, 0)), 0.0, [0.0]
    for pause in pauses:
        now += pause
        times.append(now)
        timeline.add(scrape(now, now))
    reaching = [now - at for at in times if now - at >= WINDOW_SECONDS]
    assert timeline.recent().seconds == pytest.approx(min(reaching, default=now))
