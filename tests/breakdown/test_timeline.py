"""The division of a request's time: parts that add up, whatever overlaps what."""

import threading
import tracemalloc
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apivitals.breakdown import timeline as module
from apivitals.breakdown.components import DATABASE, ENDPOINT, EXTERNAL, GEN_AI, MIDDLEWARE, SEND
from apivitals.breakdown.timeline import Interval, Timeline

COMPONENTS = [DATABASE, EXTERNAL, GEN_AI, "video"]
PHASES = [ENDPOINT, SEND, "serialization"]


def begin(timeline: Timeline, parent: Interval, component: str, at: float, **how: Any) -> Interval:
    """Open an interval that is known to be opened."""
    interval = timeline.open(parent, component, at, **how)
    assert interval is not None
    return interval


def test_time_without_intervals_belongs_to_the_phase():
    timeline = Timeline(10.0)
    timeline.enter(ENDPOINT, 11.0)
    timeline.enter(SEND, 14.0)
    timeline.end(14.5)
    assert timeline.seconds == {MIDDLEWARE: 1.0, ENDPOINT: 3.0, SEND: 0.5}
    assert timeline.calls == {}


def test_an_interval_is_taken_out_of_the_phase_it_happened_in():
    timeline = Timeline(0.0, ENDPOINT)
    query = begin(timeline, timeline, DATABASE, 1.0)
    timeline.close(query, 3.0)
    timeline.end(4.0)
    assert timeline.seconds == {ENDPOINT: 2.0, DATABASE: 2.0}
    assert timeline.components()[DATABASE] == (2.0, 1, 2.0)


def test_what_is_inside_is_taken_out_of_what_is_around():
    timeline = Timeline(0.0, ENDPOINT)
    outer = begin(timeline, timeline, "video", 0.0)
    inner = begin(timeline, outer, DATABASE, 1.0)
    timeline.close(inner, 2.0)
    timeline.close(outer, 4.0)
    timeline.end(4.0)
    assert timeline.seconds == {ENDPOINT: 0.0, "video": 3.0, DATABASE: 1.0}
    assert timeline.components()["video"].busy_seconds == 4.0


def test_concurrent_calls_share_the_time_and_are_busy_in_full():
    timeline = Timeline(0.0, ENDPOINT)
    query = begin(timeline, timeline, DATABASE, 0.0)
    request = begin(timeline, timeline, EXTERNAL, 1.0)
    timeline.close(query, 3.0)
    timeline.close(request, 4.0)
    timeline.end(4.0)
    assert timeline.seconds == {ENDPOINT: 0.0, DATABASE: 2.0, EXTERNAL: 2.0}
    assert timeline.components()[DATABASE] == (2.0, 1, 3.0)
    assert timeline.components()[EXTERNAL] == (2.0, 1, 3.0)


def test_busy_time_of_calls_that_overlap_is_counted_once():
    timeline = Timeline(0.0)
    first, second = begin(timeline, timeline, EXTERNAL, 0.0), begin(timeline, timeline, EXTERNAL, 0.5)
    timeline.close(first, 1.0)
    timeline.close(second, 1.5)
    timeline.close(begin(timeline, timeline, EXTERNAL, 2.0), 3.0)
    assert timeline.components()[EXTERNAL].busy_seconds == 2.5


def test_an_exit_inside_an_exit_is_a_detail_of_it():
    timeline = Timeline(0.0, ENDPOINT)
    model = begin(timeline, timeline, GEN_AI, 0.0, is_exit=True)
    step = begin(timeline, model, "parsing", 1.0)
    assert timeline.open(model, EXTERNAL, 1.0, is_exit=True) is None
    assert timeline.open(step, EXTERNAL, 1.0, is_exit=True) is None


def test_a_component_may_be_known_only_at_the_end():
    timeline = Timeline(0.0)
    call = begin(timeline, timeline, EXTERNAL, 0.0)
    timeline.close(call, 1.0, "cache")
    assert timeline.calls == {"cache": 1}


def test_what_never_ends_ends_with_the_request():
    timeline = Timeline(0.0)
    leaked = begin(timeline, timeline, DATABASE, 1.0)
    timeline.end(3.0)
    assert timeline.seconds == {MIDDLEWARE: 1.0, DATABASE: 2.0}
    assert leaked.timeline is None


def test_what_comes_after_the_end_is_ignored():
    timeline = Timeline(0.0)
    call = begin(timeline, timeline, DATABASE, 0.0)
    timeline.end(1.0)
    timeline.close(call, 5.0)
    timeline.enter(SEND, 6.0)
    timeline.rename(SEND)
    timeline.leave_behind(7.0)
    timeline.end(8.0)
    assert timeline.open(timeline, EXTERNAL, 2.0) is None
    assert timeline.seconds == {MIDDLEWARE: 0.0, DATABASE: 1.0}
    assert timeline.ended == 1.0


def test_closing_what_holds_open_work_ends_that_too():
    timeline = Timeline(0.0)
    outer = begin(timeline, timeline, "video", 0.0)
    inner = begin(timeline, begin(timeline, outer, EXTERNAL, 0.0), DATABASE, 0.0)
    timeline.close(outer, 1.0)
    timeline.close(inner, 3.0)
    timeline.end(4.0)
    assert timeline.seconds == {MIDDLEWARE: 3.0, "video": 0.0, EXTERNAL: 0.0, DATABASE: 1.0}


def test_what_begins_inside_something_ended_is_inside_what_that_was_in():
    timeline = Timeline(0.0)
    outer = begin(timeline, timeline, "video", 0.0)
    ended = begin(timeline, outer, DATABASE, 0.0)
    timeline.close(ended, 1.0)
    late = begin(timeline, ended, EXTERNAL, 1.0)
    assert late.parent is outer


def test_what_an_endpoint_leaves_running_is_not_waited_for():
    timeline = Timeline(0.0, ENDPOINT)
    begin(timeline, timeline, DATABASE, 1.0)
    timeline.leave_behind(2.0)
    timeline.enter(SEND, 2.0)
    timeline.end(5.0)
    assert timeline.seconds == {ENDPOINT: 1.0, DATABASE: 1.0, SEND: 3.0}


def test_a_stretch_can_be_renamed_once_it_is_known_what_it_was():
    timeline = Timeline(0.0, SEND)
    call = begin(timeline, timeline, DATABASE, 1.0)
    timeline.close(call, 2.0)
    timeline.rename(ENDPOINT)
    timeline.enter(SEND, 3.0)
    timeline.end(4.0)
    assert timeline.seconds == {ENDPOINT: 2.0, DATABASE: 1.0, SEND: 1.0}


def test_a_clock_reading_that_comes_late_counts_as_now():
    timeline = Timeline(0.0)
    timeline.enter(ENDPOINT, 2.0)
    call = begin(timeline, timeline, DATABASE, 1.0)  # read in another thread before, delivered after
    timeline.close(call, 3.0)
    timeline.end(2.5)
    assert timeline.seconds == {MIDDLEWARE: 2.0, ENDPOINT: 0.0, DATABASE: 1.0}


def test_intervals_that_are_open_at_once_have_a_limit(monkeypatch):
    monkeypatch.setattr(module, "OPEN_LIMIT", 3)
    timeline = Timeline(0.0)
    opened = [begin(timeline, timeline, DATABASE, 0.0) for _ in range(3)]
    assert timeline.open(timeline, DATABASE, 0.0) is None
    timeline.close(opened[0], 1.0)
    assert timeline.open(timeline, DATABASE, 1.0) is not None


def test_a_hundred_thousand_calls_take_no_more_memory_than_a_few():
    timeline = Timeline(0.0)
    never_ending = begin(timeline, timeline, EXTERNAL, 0.0)
    tracemalloc.start()
    for second in range(100_000):
        timeline.close(begin(timeline, timeline, DATABASE, float(second)), second + 0.5)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 100_000
    timeline.end(100_000.0)
    assert never_ending.timeline is None
    assert timeline.calls == {DATABASE: 100_000, EXTERNAL: 1}
    assert timeline.components()[DATABASE].busy_seconds == 50_000.0
    assert sum(timeline.seconds.values()) == pytest.approx(100_000.0)


def test_deep_nesting_is_no_recursion():
    timeline = Timeline(0.0)
    innermost: Interval = timeline
    for _ in range(5_000):
        innermost = begin(timeline, innermost, "video", 0.0)
    timeline.end(1.0)
    assert timeline.seconds["video"] == 1.0
    assert timeline.calls == {"video": 5_000}


def test_threads_may_open_and_close_at_once():
    clock = iter(range(10**9))
    timeline = Timeline(0.0)

    def work(component):
        for _ in range(2_000):
            timeline.close(begin(timeline, timeline, component, float(next(clock))), float(next(clock)))

    threads = [threading.Thread(target=work, args=(component,)) for component in COMPONENTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    end = float(next(clock))
    timeline.end(end)
    assert timeline.calls == dict.fromkeys(COMPONENTS, 2_000)
    assert sum(timeline.seconds.values()) == pytest.approx(timeline.ended)
    assert timeline.ended == end


class Naive:
    """The same, as one would say it: between two events, go through everything that is open."""

    def __init__(self, phase):
        self.phase = phase
        self.now = 0.0
        self.parents = {}
        self.components = {}
        self.open = []
        self.seconds = defaultdict(float)

    def pass_time(self, at):
        at = max(at, self.now)
        around = {self.parents[one] for one in self.open}
        leaves = [self.components[one] for one in self.open if one not in around] or [self.phase]
        for component in leaves:
            self.seconds[component] += (at - self.now) / len(leaves)
        self.now = at

    def close(self, one):
        self.open = [other for other in self.open if other != one and not self.inside(other, one)]

    def inside(self, one, outer):
        while one is not None:
            one = self.parents[one]
            if one == outer:
                return True
        return False


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["open", "open", "open", "close", "close", "enter", "leave_behind"]),
        st.floats(-0.5, 3.0),
        st.integers(0, 30),
        st.integers(0, 3),
    ),
    max_size=60,
)


@given(EVENTS)
def test_it_divides_time_as_going_through_all_that_is_open_does(events):
    timeline, naive = Timeline(0.0, PHASES[0]), Naive(PHASES[0])
    opened: list[Interval] = []
    at = 0.0
    for kind, step, which, component in events:
        at = max(0.0, at + step)
        if (kind == "close" and (not opened or which % len(opened) not in naive.open)) or (
            kind == "leave_behind" and not naive.open
        ):
            continue  # nothing happens, so no time is known to have passed
        naive.pass_time(at)
        if kind == "open":
            parent = which % (len(opened) + 1) - 1
            interval = begin(timeline, opened[parent] if parent >= 0 else timeline, COMPONENTS[component], at)
            number = len(opened)
            opened.append(interval)
            living = parent if parent >= 0 else None
            while living is not None and living not in naive.open:
                living = naive.parents[living]
            naive.parents[number], naive.components[number] = living, COMPONENTS[component]
            naive.open.append(number)
        elif kind == "close":
            timeline.close(opened[which % len(opened)], at)
            naive.close(which % len(opened))
        elif kind == "enter":
            timeline.enter(PHASES[component % 3], at)
            naive.phase = PHASES[component % 3]
        elif kind == "leave_behind":
            timeline.leave_behind(at)
            naive.open.clear()
    naive.pass_time(at + 1.0)
    timeline.end(at + 1.0)
    for component, seconds in naive.seconds.items():
        assert timeline.seconds[component] == pytest.approx(seconds, abs=1e-9)
    assert sum(timeline.seconds.values()) == pytest.approx(timeline.ended, abs=1e-9)
    assert all(seconds >= 0 for seconds in timeline.seconds.values())
    assert sum(timeline.calls.values()) == len(opened)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 10)), max_size=200))
def test_busy_time_is_the_length_of_the_union(spans):
    intervals = sorted(((start, start + length) for start, length in spans), key=lambda span: span[1])
    timeline = Timeline(0.0)
    events = sorted(
        [(start, 1, n) for n, (start, _) in enumerate(intervals)]
        + [(end, 2, n) for n, (_, end) in enumerate(intervals)]
    )
    opened: dict[int, Interval] = {}
    for at, kind, n in events:
        if kind == 1:
            opened[n] = begin(timeline, timeline, EXTERNAL, at)
        else:
            timeline.close(opened[n], at)
    covered, reached = 0.0, 0.0
    for start, end in sorted(intervals):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    if intervals:
        assert timeline.components()[EXTERNAL].busy_seconds == pytest.approx(covered, abs=1e-6)
