"""Operations are recorded once for the process, in its own store or through another backend."""

import os
import signal
from types import SimpleNamespace
from typing import Any

import pytest

from apivitals.operations.meter import OPERATIONS
from apivitals.operations.track import record, track
from apivitals.store import Store
from tests.operations.recorded import DURATION
from tests.support.families import distributions

KEY = (DURATION, "swapped", "swapped", "")


def observed(families):
    found = distributions(families).get(KEY)
    return 0 if found is None else int(sum(found.counts))


def test_another_backend_takes_over_and_gives_back():
    before = observed(OPERATIONS.collect())
    shared = track("swapped")
    with shared:
        pass
    backend = Store()
    OPERATIONS.record_through(backend)
    try:
        with shared:
            pass
        record("swapped", 1.0)
        assert observed(backend.collect()) == 2
    finally:
        OPERATIONS.record_through(None)
    with shared:
        pass
    assert observed(backend.collect()) == 2
    assert observed(OPERATIONS.collect()) == before + 2


def test_an_operation_under_way_is_recorded_where_it_ends(recorded):
    backend = Store()
    with track("swapped"):
        OPERATIONS.record_through(backend)
    assert recorded.counts() == {}
    assert observed(backend.collect()) == 1


def full(*_):
    raise OSError("disk full")


BROKEN_SERIES = SimpleNamespace(observe=full, add=full)
BROKEN_INSTRUMENT = SimpleNamespace(bind=lambda _: BROKEN_SERIES, holds=lambda _: True)
BROKEN: Any = SimpleNamespace(counter=lambda _: BROKEN_INSTRUMENT, histogram=lambda _: BROKEN_INSTRUMENT)


def test_a_backend_that_fails_costs_the_user_nothing(recorded, caplog):
    OPERATIONS.record_through(BROKEN)

    @track("work")
    def work():
        return "result"

    assert work() == "result"
    with track("work") as operation:
        operation.items(1)
    record("work", 1.0)
    recorded.expected_errors = 4
    assert recorded.errors.counts()["operation"] == 4
    assert "disk full" in caplog.text


def test_past_the_series_limit_one_series_takes_the_rest(recorded):
    store = Store(series_limit=2)
    OPERATIONS.record_through(store)
    for name in ("one", "two", "work", "work"):
        record(name, 1.0)
    found = distributions(store.collect())
    assert sum(found[DURATION, "overflow"].counts) == 2
    assert store.instruments()[0].dropped == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_worker_counts_only_its_own(recorded):
    with track("work"):
        pass
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        with track("work"):
            pass
        os._exit(0 if recorded.counts() == {("work", "work", ""): 1} else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
