"""The dashboards that ship are the ones that are declared."""

import subprocess
import sys

import pytest

from tests.support.servers import ROOT

pytest.importorskip("grafana_foundation_sdk", reason="makes the dashboards; it needs Python 3.11")

from apivitals.dashboards.layout import Place, placed  # only where it can be
from apivitals.dashboards.panel import Lines  # the same

DIRECTORY = ROOT / "grafana/dashboards"
TOOL = [sys.executable, str(ROOT / "tools/dashboards.py")]


def lines(title: str, width: int, height: int = 8) -> Lines:
    return Lines(title=title, description="", unit="s", queries=(), width=width, height=height)


def test_files_are_up_to_date():
    done = subprocess.run([*TOOL, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_links_and_annotations_are_in_sight():
    assert [file.name for file in sorted(DIRECTORY.glob("*.json")) if "inControlsMenu" in file.read_text()] == []


def test_the_tool_says_how_it_is_used():
    done = subprocess.run([*TOOL, "--chekc"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "usage: python tools/dashboards.py [--check]\n"


def test_panels_are_placed_from_left_to_right_and_row_by_row():
    panels = [lines("a", 16, 5), lines("b", 8, 5), lines("c", 24, 3)]
    assert [place for _, place in placed(panels, 7)] == [Place(0, 7, 16, 5), Place(16, 7, 8, 5), Place(0, 12, 24, 3)]


@pytest.mark.parametrize(
    ("panels", "told"),
    [
        ([lines("a", 16), lines("b", 12)], "'b' does not fit: 16 of 24 are taken, and it needs 12"),
        ([lines("a", 16), lines("b", 8, 7)], "'b' is 7 high, and the panel beside it 8"),
        ([lines("a", 16)], "8 of 24 are left over after 'a'"),
    ],
)
def test_what_would_leave_a_hole_is_refused(panels, told):
    with pytest.raises(ValueError, match=told):
        list(placed(panels, 0))
