"""Sums over the living and the dead, whoever reads them."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apivitals.errors import ErrorLog
from apivitals.families import Exemplar
from apivitals.store import Blocks
from apivitals.workers import retired
from apivitals.workers.group import Group
from tests.workers.members import Member, Recorder

ROUTES = st.sampled_from(["/a", "/b", 'quote"', "line\nbreak", "\ud800", "\x00", ""])
STEPS = st.tuples(st.sampled_from(["observe", "observe", "end", "fold"]), st.integers(0, 3), ROUTES, st.floats(0, 5))


def approximately(totals):
    return {
        key: (value[0], pytest.approx(value[1])) if isinstance(value, tuple) else value
        for key, value in totals.items()
        if value != 0.0  # a gauge that only the dead had
    }


@settings(max_examples=50)
@given(st.lists(STEPS, max_size=40))
def test_sums_are_those_of_one_store_that_saw_everything(tmp_path_factory, steps):
    """Whatever the workers do, in whatever order; what goes both ways is of the living alone."""
    group = Group(tmp_path_factory.mktemp("base") / "group", ErrorLog())
    alone, witness = Recorder(), Member(group)
    living: dict[int, Member] = {}
    opened: dict[int, list[str]] = {}
    for act, number, route, value in steps:
        if act == "fold":
            group.fold()
        elif act == "observe":
            if number not in living:
                living[number], opened[number] = Member(group), []
            living[number].observe(route, value)
            opened[number].append(route)
            alone.observe(route, value)
        elif number in living:
            living.pop(number).end()
            for each in opened.pop(number):
                alone.open.bind((each,)).add(-1.0)
    members = (witness, *living.values())
    found = [{key: value for key, value in member.all_totals().items() if value != 0.0} for member in members]
    for member in members:
        member.end()
    assert found == [approximately(alone.totals())] * len(members)


def test_a_slot_is_taken_again_by_whoever_replaces_its_worker(join):
    first, second, third = join(), join(), join()
    assert [first.slot, second.slot, third.slot] == [0, 1, 2]
    second.end()
    assert [join().slot, join().slot] == [1, 3]


def test_there_are_as_many_files_as_workers_live(group, join):
    witness = join()
    for n in range(20):
        member = join()
        member.observe("/a", 0.5)
        member.end()
        group.fold()
        assert len(list(group.directory.iterdir())) == 4, n  # two of the witness, the lock, and what has ended
    assert witness.all_totals()["requests", ("/a",)] == 20
    assert group.census(witness.files.identity).ended == 20


def test_a_worker_that_has_ended_is_counted_once_before_and_after_it_is_folded(group, join):
    witness, member = join(), join()
    member.observe("/a", 0.5)
    for end in (lambda: None, member.end, group.fold, group.fold):
        end()
        assert witness.all_totals()["requests", ("/a",)] == 1


def test_no_sum_falls_while_workers_come_and_go(group, join):
    witness = join()
    stop, has_read = threading.Event(), threading.Event()
    totals = []

    def read():
        while not stop.is_set():
            totals.append(witness.all_totals().get(("requests", ("/a",)), 0.0))
            has_read.set()

    reader = threading.Thread(target=read)
    reader.start()
    other = Group(group.directory, ErrorLog())  # as another process has it
    try:
        for _ in range(60):
            has_read.clear()
            member = Member(other)
            member.observe("/a", 0.5)
            member.end()
            other.fold()
            assert has_read.wait(60), "it is read in every turn"
    finally:
        stop.set()
        reader.join()
    assert totals == sorted(totals)
    assert witness.all_totals()["requests", ("/a",)] == 60


def test_the_newest_exemplar_of_a_bucket_is_shown(join):
    first, second = join(), join()
    series = [member.seconds.bind(("/a",)) for member in (first, second)]
    series[0].observe(0.5, Exemplar("a" * 32, "1" * 16, 0.5, 100.0))
    series[1].observe(0.6, Exemplar("b" * 32, "2" * 16, 0.6, 200.0))
    series[1].observe(5.0, Exemplar("c" * 32, "3" * 16, 5.0, 150.0))
    for member in (first, second):
        (family,) = [f for f in member.merged().collect() if f.metric.name == "seconds"]
        (point,) = family.points
        assert dict(point.exemplars) == {
            1: Exemplar("b" * 32, "2" * 16, 0.6, 200.0),
            2: Exemplar("c" * 32, "3" * 16, 5.0, 150.0),
        }


def test_a_series_is_moved_with_what_it_holds(join):
    recorder = Recorder()
    recorder.observe("/a", 0.5)
    recorder.seconds.bind(("/a",)).observe(0.5, Exemplar("a" * 32, "1" * 16, 0.5, 100.0))
    before = recorder.totals()
    member = join()
    recorder.store.move(member.memory.of("another"))
    assert recorder.totals() == before
    recorder.store.move(Blocks(), forked=True)
    assert recorder.totals() == {
        ("requests", ("/a",)): 0,
        ("open", ("/a",)): 1,  # what is open is open in the child too
        ("seconds", ("/a",)): ([0, 0, 0], 0),
    }


def test_more_series_than_fit_in_one_block_are_read(join):
    first, second = join(), join()
    for n in range(3000):
        first.observe(f"/{n}", 0.5)
    totals = second.all_totals()
    assert all(totals["seconds", (f"/{n}",)] == ([0, 1, 0], 0.5) for n in range(3000))


def test_what_is_past_the_limit_is_added_up_too(group, join):
    first, second = join(series_limit=2), join(series_limit=2)
    for member in (first, second):
        for n in range(5):
            member.requests.bind((f"/{n}",)).add()
    second.end()
    group.fold()
    assert first.all_totals()["requests", None] == 6
    size = first.merged().instruments()[0]
    assert (len(size), size.dropped) == (2, 6)


def test_those_that_have_ended_have_no_more_series_than_the_limit(group, join, monkeypatch):
    monkeypatch.setattr(retired, "_SERIES_LIMIT", 10)
    witness = join()
    for n in range(30):
        member = join()
        member.requests.bind((f"/{n}",)).add()
        member.end()
        group.fold()
    totals = {labels: value for (name, labels), value in witness.all_totals().items() if name == "requests"}
    assert len(totals) == 11
    assert sum(totals.values()) == 30


def test_an_instrument_with_other_bounds_is_not_added_up(group, join):
    """As after a change of the settings under `--reload`."""
    member, other = join(), join()
    changed = other.store.histogram(other.seconds.metric, (), (0.2,))
    changed.bind(("/a",)).observe(0.1)
    member.observe("/a", 0.5)
    assert member.all_totals()["seconds", ("/a",)] == ([0, 1, 0], 0.5)


def test_errors_of_all_workers_are_counted(join):
    first, second = join(), join()
    for member in (first, second):
        member.store.errors.bind(("record",)).add(2)
    second.end()
    assert first.merged().error_counts() == {"record": 4}


def test_nothing_is_left_of_a_group_whose_workers_are_all_it_has(group, join):
    """Without a supervisor nothing but its workers says that the group still goes on."""
    member = join(afresh=True)
    member.observe("/a", 0.5)
    member.end()
    assert join(afresh=True).all_totals() == {}
    first = join(afresh=True)  # while one lives, the others join it
    assert first.slot == 1
