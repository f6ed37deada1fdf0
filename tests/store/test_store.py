"""The store loses nothing, whoever observes at the same time, and a fork starts at nothing."""

import math
import os
import signal
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apivitals.catalog import Kind, Metric
from apivitals.families import Distribution, Exemplar, Number
from apivitals.store import Store

HISTOGRAM = Metric("h", Kind.HISTOGRAM, "s", "help", ("a",), (0.1, 1.0, 10.0))
COUNTER = Metric("c", Kind.COUNTER, "", "help", ("a",))
GAUGE = Metric("g", Kind.GAUGE, "", "help", ("a",))

VALUES = st.lists(st.floats(0, 100, allow_nan=False), max_size=50)


def points(instrument):
    return {point.labels: point for point in instrument.family().points}


@given(VALUES)
def test_every_observation_is_in_the_first_bucket_whose_bound_holds_it(values):
    series = Store().histogram(HISTOGRAM).bind(("x",))
    for value in values:
        series.observe(value)
    state = series.read(("x",))
    bounds = (*HISTOGRAM.bounds, math.inf)
    expected = [
        sum(low < v <= high or (low == 0 and v == 0) for v in values)
        for low, high in zip((0, *bounds), bounds, strict=False)
    ]
    assert state.counts == expected
    assert state.sum == pytest.approx(sum(values))


@settings(max_examples=15)
@given(st.lists(VALUES, min_size=2, max_size=6), st.integers(1, 4))
def test_no_interleaving_of_threads_loses_an_observation(per_thread, label_sets):
    store = Store()
    histogram, counter, gauge = store.histogram(HISTOGRAM), store.counter(COUNTER), store.gauge(GAUGE)
    start = threading.Barrier(len(per_thread))

    def work(values):
        start.wait()
        for _ in range(20):
            for n, value in enumerate(values):
                label = (str(n % label_sets),)
                histogram.bind(label).observe(value)
                counter.bind(label).add(2.0)
                gauge.bind(label).add(-1.0)

    threads = [threading.Thread(target=work, args=(values,)) for values in per_thread]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    observed = 20 * sum(map(len, per_thread))
    assert sum(sum(p.counts) for p in points(histogram).values()) == observed
    assert sum(p.sum for p in points(histogram).values()) == pytest.approx(20 * sum(map(sum, per_thread)))
    assert sum(p.value for p in points(counter).values()) == 2 * observed
    assert sum(p.value for p in points(gauge).values()) == -observed


def test_a_reader_never_sees_half_an_observation():
    """Every observation is 1.0, so a consistent copy has its sum equal to its count."""
    series = Store().histogram(HISTOGRAM).bind(("x",))
    stop = threading.Event()

    def work():
        while not stop.is_set():
            series.observe(1.0)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(2_000):
            state = series.read(None)
            assert sum(state.counts) == state.sum
    finally:
        stop.set()
        thread.join()


def test_an_observation_inside_another_does_not_deadlock():
    """A signal handler, or a garbage collector's callback, may observe while its own thread holds the lock."""
    store = Store()
    outer = store.histogram(HISTOGRAM).bind(("x",))
    with store.lock:
        outer.observe(0.5)
    assert sum(outer.read(None).counts) == 1


def test_nan_is_not_observed():
    series = Store().histogram(HISTOGRAM).bind(("x",))
    series.observe(math.nan)
    series.observe(math.inf)
    assert series.read(None).counts == [0, 0, 0, 1]


def test_exemplar_is_the_newest_of_its_bucket():
    series = Store().histogram(HISTOGRAM).bind(("x",))
    for trace in ("a" * 32, "b" * 32):
        series.observe(0.5, Exemplar(trace, "c" * 16, 0.5, 1.0))
    series.observe(5.0)
    assert {bucket: e.trace_id for bucket, e in series.read(None).exemplars.items()} == {1: "b" * 32}


def test_past_the_limit_one_series_takes_everything():
    store = Store(series_limit=3)
    counter = store.counter(COUNTER)
    for n in range(10):
        counter.bind((str(n),)).add()
    found = points(counter)
    assert found[None] == Number(None, 7.0)
    assert len(found) == 4
    assert counter.dropped == 7
    assert counter.bind(("0",)) is counter.bind(("0",))


def test_series_in_many_blocks_stay_apart():
    store = Store()
    histogram = store.histogram(HISTOGRAM)
    for n in range(3_000):
        histogram.bind((str(n),)).observe(float(n))
    assert {labels: (sum(p.counts), p.sum) for labels, p in points(histogram).items()} == {
        (str(n),): (1, float(n)) for n in range(3_000)
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_counts_only_its_own():
    """And can count at all: another thread of the parent may have held the lock at the fork."""
    store = Store()
    histogram, counter, gauge = store.histogram(HISTOGRAM), store.counter(COUNTER), store.gauge(GAUGE)
    series = histogram.bind(("x",))
    series.observe(5.0, Exemplar("a" * 32, "b" * 16, 5.0, 1.0))
    counter.bind(("x",)).add(5)
    gauge.bind(("x",)).set(5)
    stop = threading.Event()

    def work():
        while not stop.is_set():
            counter.bind(("busy",)).add()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                signal.alarm(60)  # a deadlock ends by signal, and the parent sees it
                series.observe(0.5)
                ok = (
                    series.read(None) == Distribution(None, [0.0, 1.0, 0.0, 0.0], 0.5, {})
                    and counter.bind(("x",)).value == 0
                    and gauge.bind(("x",)).value == 5
                )
                os._exit(0 if ok else 1)
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 0
    finally:
        stop.set()
        thread.join()
    assert counter.bind(("x",)).value == 5
    assert sum(series.read(None).counts) == 1
