"""The newcomer's walk, `tools/walk.py`: from `git clone` to an alert that arrives, and to its end."""

import re
import subprocess
import sys

from tests.support.alertmanager import program
from tests.support.servers import ROOT, needs

WALK = ROOT / "tools" / "walk.py"
MOST_SECONDS = 900
STEPS = [
    "Get it, and install it into an environment of its own",
    "A service",
    "Say how good it must be, and who is told",
    "Start all that watches it",
    "See the requests",
    "Break it: it is stopped",
    "Repair it: it is started again",
    "End all",
    "Arrived",
]


def walk(*arguments, seconds=MOST_SECONDS):
    needs("git", "prometheus")
    program()
    command = [sys.executable, WALK, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)


def test_a_newcomer_is_told_of_a_broken_service_and_of_its_repair():
    done = walk()
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^\[.*?\] # (.*)$", done.stdout, re.MULTILINE) == STEPS
    assert "told: shop is down; https://" in done.stdout
    assert "monitoring.md#apidown" in done.stdout
    assert re.search(r"^told: .*: over since \d{4}-", done.stdout, re.MULTILINE)


def test_a_walk_that_cannot_begin_says_why_in_one_line(tmp_path):
    done = walk(str(tmp_path / "nowhere"), seconds=60)
    assert done.returncode == 1
    said = done.stderr.strip().splitlines()
    assert said[0].startswith("walk: git clone --quiet ")
    assert "nowhere" in said[1]
    assert "Traceback" not in done.stderr
