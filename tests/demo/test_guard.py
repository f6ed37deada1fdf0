"""The guard: its program ends when it is told to, when the one that started it is gone, and when it is gone itself."""

import subprocess
import sys

import psutil
import pytest

from apivitals.demo.processes import guarded
from tests.support.servers import eventually

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def guard():
    """A guard whose program sleeps."""
    process = subprocess.Popen(guarded(SLEEP), stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def program_of(guard):
    found: list[psutil.Process] = []

    def started():
        found[:] = psutil.Process(guard.pid).children()
        return bool(found) and found[0].cmdline() == SLEEP

    eventually(started, "the program runs")
    return found[0]


def is_gone(program):
    return not program.is_running() or program.status() == psutil.STATUS_ZOMBIE


def test_told_to_end(guard):
    program = program_of(guard)
    guard.terminate()
    assert guard.wait(10) == 128 + 15
    assert is_gone(program)


def test_the_starter_is_gone(guard):
    program = program_of(guard)
    guard.stdin.close()
    assert guard.wait(10) == 128 + 15
    assert is_gone(program)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent is gone")
def test_the_guard_is_gone(guard):
    program = program_of(guard)
    guard.kill()
    guard.wait(10)
    eventually(lambda: is_gone(program), "the program ends")


@pytest.mark.parametrize("status", [0, 3])
def test_the_program_ends_by_itself(status):
    command = guarded([sys.executable, "-c", f"raise SystemExit({status})"])
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert process.wait(30) == status
    process.communicate()


def test_a_program_that_is_not_there(tmp_path):
    done = subprocess.run(guarded([str(tmp_path / "none")]), input=b"", capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr.decode() == f"{tmp_path / 'none'} cannot be run: No such file or directory\n"
