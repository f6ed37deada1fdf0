"""A process without descriptors left: what cannot be read for a moment is neither dead nor gone."""

import errno
import os
from pathlib import Path

import pytest

from apivitals.errors import ErrorLog
from apivitals.workers.directory import NotNowError, WorkersError
from apivitals.workers.group import Group
from apivitals.workers.keys import SharedKeys
from apivitals.workers.lock import is_held
from apivitals.workers.memory import Files, WorkerMemory
from tests.support.descriptors import none_left_for
from tests.workers.members import Member

DESCRIPTORS = Path("/proc/self/fd")


@pytest.fixture
def three(join):
    """Two that live, and the totals of one that has ended, in the file for those."""
    witness, member, ended = join(), join(), join()
    for one in (witness, member, ended):
        one.observe("/a", 0.5)
    ended.end()
    witness.group.fold()
    assert witness.all_totals()["requests", ("/a",)] == 3
    return witness, member


def test_a_worker_that_cannot_be_asked_counts_as_living(three):
    witness, member = three
    with none_left_for(".names"):
        assert is_held(member.files.names)
        witness.group.fold()
    assert member.files.names.exists()
    assert witness.all_totals()["requests", ("/a",)] == 3


@pytest.mark.parametrize("file", [".names", ".values", "retired"])
def test_there_is_no_census_without_one_of_the_files(three, file):
    witness, _ = three
    fresh = Group(witness.group.directory, ErrorLog())
    with none_left_for(file), pytest.raises(NotNowError, match="cannot be read now: Too many open files"):
        fresh.census(witness.files.identity)
    assert witness.all_totals()["requests", ("/a",)] == 3


@pytest.mark.parametrize("file", ["retired", ".values"])
def test_totals_of_the_ended_are_kept_if_they_cannot_be_read_for_a_moment(three, file):
    witness, member = three
    member.end()
    with none_left_for(file), pytest.raises(NotNowError):
        witness.group.fold()
    witness.group.fold()
    assert witness.all_totals()["requests", ("/a",)] == 3


def test_a_directory_that_cannot_be_listed_for_a_moment(three, monkeypatch):
    def refuse(_):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.iterdir", refuse)
        with pytest.raises(NotNowError, match="group cannot be read now"):
            three[0].group.census("")


def test_keys_of_others_are_kept(tmp_path):
    path = tmp_path / "alerts"
    SharedKeys(path).add("theirs")
    ours = SharedKeys(path)
    with none_left_for("alerts"):
        assert "theirs" not in ours
        with pytest.raises(NotNowError):
            ours.add("mine")
        assert "mine" in ours
    ours.add("another")
    assert all(key in SharedKeys(path) for key in ("theirs", "another"))


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="this system does not list them")
def test_files_that_cannot_be_made_leave_no_descriptor_open(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = set(DESCRIPTORS.iterdir())
    monkeypatch.setattr(os, "posix_fallocate", full)
    for slot in range(5):
        with pytest.raises(WorkersError, match="cannot be written: No space left on device"):
            WorkerMemory(Files(tmp_path, slot, "0" * 16))
    assert set(DESCRIPTORS.iterdir()) <= before


def test_a_child_that_is_forked_while_the_group_is_locked_does_not_keep_the_lock(group, join):
    from apivitals.workers.lock import locked  # noqa: PLC0415

    witness = join()
    reading, writing = os.pipe()
    with locked(group.directory / "lock", seconds=0) as taken:
        assert taken
        child = os.fork()
        if child == 0:  # as the child of a pool, which ends when it is told to
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
    try:
        member = Member(group)
        assert member.slot == witness.slot + 1
        member.end()
    finally:
        os.close(writing)
        os.close(reading)
        os.waitpid(child, 0)


def test_two_folds_within_one_tick_of_the_clock_are_seen(three, monkeypatch):
    """The file of those that have ended may have the same number and the same time as the one before the last."""
    witness, member = three
    reading = witness.group._census  # noqa: SLF001  # the moment in which others fold
    folded: list[bool] = []

    def meanwhile(own, retired):
        census = reading(own, retired)
        if not folded:
            folded.append(True)
            path = witness.group.directory / "retired"
            before = path.stat()
            member.end()
            Group(witness.group.directory, ErrorLog()).fold()
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return census

    monkeypatch.setattr(witness.group, "_census", meanwhile)
    assert witness.all_totals()["requests", ("/a",)] == 3
