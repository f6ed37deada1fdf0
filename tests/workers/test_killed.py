"""A worker that is killed while it folds what another had counted loses nothing of it, and counts nothing twice."""

import json
import subprocess
import sys

from tests.support.servers import ROOT


def killed_at_every_write(act, directory):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.workers.killed", directory, act],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=120,
    )
    before, *killed = map(json.loads, done.stdout.splitlines())
    assert before["totals"]["requests ('/a',)"] == "(3.0,)"
    assert len(before["totals"]) == 4 * 2  # of each route requests and seconds; what was open ended with its worker
    assert (before["ended"], before["errors"]) == (3, 0)
    return before, killed


def test_while_it_folds(tmp_path):
    before, killed = killed_at_every_write("fold", tmp_path)
    assert len(killed) > 12
    for each in killed:
        assert each["then"] == before
        assert each["later"] == before
        assert each["files"] == ["lock", "retired"]


def test_while_it_takes_a_slot(tmp_path):
    """Which begins with a fold, and leaves files of a worker that was never there."""
    before, killed = killed_at_every_write("claim", tmp_path)
    assert len(killed) > 20
    for each in killed:
        assert each["then"]["totals"] == each["later"]["totals"] == before["totals"]
        assert each["then"]["errors"] == each["later"]["errors"] == 0
        assert each["files"] == ["lock", "retired"]
