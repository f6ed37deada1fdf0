"""A worker's own memory: where there is no room for it, and in a child."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from apivitals.families import Exemplar
from apivitals.workers.directory import WorkersError
from tests.support.servers import ROOT


def test_a_full_file_system_costs_only_sight(group, join, caplog, monkeypatch):
    """New series are counted where only this worker sees them; a request never fails, and a bus error kills nobody."""
    witness, member = join(), join()
    member.observe("/a", 0.5)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    for n in range(5000):
        member.observe(f"/{n}", 0.5)
    member.seconds.bind(("/a",)).observe(0.5, Exemplar("a" * 32, "1" * 16, 0.5, 100.0))
    assert member.totals()["requests", ("/4999",)] == 1
    seen = witness.all_totals()
    assert seen["seconds", ("/a",)] == ([0, 2, 0], 1.0)
    assert ("requests", ("/4999",)) not in seen
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert f"{group.directory} cannot be written: No space left on device" in caplog.text


def test_a_real_limit_is_met_like_a_full_file_system(group):
    """The files of a process that may write no more than 100 kB each."""
    code = f"""
        import resource, signal
        from pathlib import Path
        from apivitals.errors import ErrorLog
        from apivitals.workers.group import Group
        from tests.workers.members import Member
        group = Group(Path({str(group.directory)!r}), ErrorLog())
        witness, member = Member(group), Member(group)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        for n in range(3000):
            member.observe(f"/{{n}}", 0.5)
        assert len(member.totals()) == 9000
        print(len([key for key in witness.all_totals() if key[0] == "seconds"]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert 100 < int(done.stdout) < 3000
    assert done.stderr.count("cannot be written: File too large") == 1


def test_where_there_is_no_room_at_all_nobody_joins(group, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(WorkersError, match=f"{group.directory} cannot be written: No space left on device"):
        group.claim(afresh=False)
    assert [path.name for path in group.directory.iterdir()] == ["lock"]


def test_a_system_without_fallocate_writes_zeros(join, monkeypatch):
    monkeypatch.delattr("os.posix_fallocate")
    first, second = join(), join()
    for n in range(1000):
        first.observe(f"/{n}", 0.5)
    assert len(second.all_totals()) == 3000


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_writes_into_no_file_of_its_parent(join):
    witness, member = join(), join()
    member.observe("/a", 0.5)
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a deadlock ends by signal, and the parent sees it
        member.observe("/a", 0.5)
        os._exit(0 if member.totals()["requests", ("/a",)] == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert witness.all_totals()["requests", ("/a",)] == 1


def test_what_is_counted_outlives_a_kill(group, join):
    """The kernel keeps what was written to a mapped file, however its writer died."""
    code = f"""
        import os, signal
        from pathlib import Path
        from apivitals.errors import ErrorLog
        from apivitals.workers.group import Group
        from tests.workers.members import Member
        member = Member(Group(Path({str(group.directory)!r}), ErrorLog()))
        for n in range(1000):
            member.observe("/a", 0.5)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False, cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    witness = join()
    assert witness.all_totals()["requests", ("/a",)] == 1000
