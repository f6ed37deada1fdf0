"""Which processes are workers of one service, and which only have the same parent."""

import multiprocessing
import os
import subprocess
import sys

import pytest

from apivitals.workers.supervisor import Supervisor, began, find_supervisor, machine

FIND = "from apivitals.workers.supervisor import find_supervisor; print(find_supervisor())"


def supervisor_of(process: int) -> Supervisor:
    when = began(process)
    assert when is not None
    return Supervisor("gunicorn", process, when, machine())


def test_a_process_that_a_shell_started_is_a_service_alone():
    assert find_supervisor() is None
    done = subprocess.run([sys.executable, "-c", FIND], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"


def test_a_process_of_multiprocessing_is_one_too():
    """Unless a server that is known to share made it: a test suite that starts two services is not one service."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        assert pool.apply(find_supervisor) is None


def test_what_gunicorn_leaves_in_the_environment_is_not_enough():
    environment = os.environ | {"SERVER_SOFTWARE": "gunicorn/1"}
    done = subprocess.run([sys.executable, "-c", FIND], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "None"


def test_a_name_says_which_supervisor_it_is():
    own = supervisor_of(os.getpid())
    assert Supervisor.named(own.name) == own
    assert Supervisor.named("service-61") is None
    assert Supervisor.named("lost+found") is None


def test_a_supervisor_is_gone_when_its_process_is():
    own = supervisor_of(os.getpid())
    assert not own.is_gone
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    other = supervisor_of(child.pid)
    assert not other.is_gone
    child.communicate()
    assert other.is_gone


def test_another_process_with_the_same_id_is_not_the_supervisor():
    assert Supervisor("gunicorn", os.getpid(), "1", machine()).is_gone


def test_one_of_another_namespace_cannot_be_asked():
    assert not Supervisor("gunicorn", 2**22 + 1, "1", "4026531999_00000000").is_gone


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_when_a_process_began(platform, monkeypatch):
    monkeypatch.setattr("sys.platform", platform)
    when = began(os.getpid())
    assert when == began(os.getpid())
    assert when is not None
    assert when.isdigit()
    assert began(2**22 + 1) is None
