"""Samples are taken in the background; a scrape reads the last ones, and how each source fares."""

import threading

import pytest

from apivitals.catalog import Kind, Metric
from apivitals.families import Family, Number
from apivitals.sources.sampler import Sampler
from tests.support.families import numbers

GAUGE = Metric("g", Kind.GAUGE, "", "A gauge.", ("name",))


class Working:
    def __init__(self, name="working"):
        self.name = name
        self.calls = 0
        self.threads = set()

    def collect(self):
        self.calls += 1
        self.threads.add(threading.current_thread().name)
        yield Family(GAUGE, ("name",), [Number((self.name,), float(self.calls))])


class Raising(Working):
    def collect(self):
        yield from super().collect()
        raise PermissionError("not for you")


class Partly(Working):
    failures = {"disk": OSError("gone")}  # noqa: RUF012  # never changed


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_nothing_before_the_first_sample():
    assert numbers(Sampler([Working()], 5).collect()) == {}


def test_last_sample_and_its_age():
    clock = Clock()
    sampler = Sampler([Working()], 5, clock=clock)
    sampler.sample()
    sampler.sample()
    clock.now += 3
    found = numbers(sampler.collect())
    assert found["g", "working"] == 2
    assert found["apivitals_source_sample_age_seconds", "working"] == 3
    assert found["apivitals_source_up", "working"] == 1
    assert found["apivitals_source_errors_total", "working"] == 0


def test_scrape_takes_no_sample():
    source = Working()
    sampler = Sampler([source], 5)
    sampler.sample()
    for _ in range(3):
        numbers(sampler.collect())
    assert source.calls == 1


def test_source_that_raises_is_counted_and_disturbs_no_other(caplog):
    sampler = Sampler([Raising("broken"), Working()], 5, wall_clock=lambda: 1_700_000_000.0)
    for _ in range(3):
        sampler.sample()
    found = numbers(sampler.collect())
    assert found["g", "working"] == 3
    assert ("g", "broken") not in found, "half a sample is none"
    assert found["apivitals_source_up", "broken"] == 0
    assert found["apivitals_source_errors_total", "broken"] == 3
    key = ("apivitals_source_last_error_timestamp_seconds", "broken", "all", "PermissionError")
    assert found[key] == 1_700_000_000.0
    assert [record.message for record in caplog.records] == [
        "sampling broken (all) failed; more of this kind are only counted: not for you"
    ]


def test_part_that_fails_leaves_the_rest():
    sampler = Sampler([Partly()], 5)
    sampler.sample()
    found = numbers(sampler.collect())
    assert found["g", "working"] == 1
    assert found["apivitals_source_up", "working"] == 0
    assert ("apivitals_source_last_error_timestamp_seconds", "working", "disk", "OSError") in found


def test_thread_samples_at_once_and_at_every_interval():
    third = threading.Event()

    class Counting(Working):
        def collect(self):
            yield from super().collect()
            if self.calls == 3:
                third.set()

    source = Counting()
    sampler = Sampler([source], 0.01)
    sampler.start()
    sampler.start()
    try:
        assert third.wait(10)
        assert source.threads == {"apivitals-sampler"}
        assert [t.name for t in threading.enumerate()].count("apivitals-sampler") == 1
    finally:
        sampler.stop()


def test_no_source_no_thread():
    before = threading.active_count()
    Sampler([], 0.01).start()
    assert threading.active_count() <= before


@pytest.mark.parametrize("delay", [0.0, 30.0])
def test_slow_source_does_not_make_up_for_lost_samples(delay):
    """After a pause of 30 s the next sample is one interval away, not six at once."""
    clock = Clock()
    stop = threading.Event()
    waits = []

    class Slow(Working):
        def collect(self):
            clock.now += delay
            yield from super().collect()

    class Stop(threading.Event):
        def wait(self, timeout=None):
            waits.append(timeout)
            clock.now += max(timeout, 0)
            if len(waits) == 4:
                stop.set()
            return stop.is_set()

        def is_set(self):
            return stop.is_set()

    Sampler([Slow()], 5, clock=clock)._run(Stop())  # noqa: SLF001  # the loop itself, without its thread
    assert waits == ([1.0, 5.0, 5.0, 5.0] if delay == 0 else [0.0] * 4), "and the second sample comes early"
