"""The benchmarks run, check what they measure, and print their ratios. No number of theirs is judged here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

pytest.importorskip("fastapi", reason="the measured service is a FastAPI one")


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("overhead", ["--routes", "5"], "apivitals"),
        ("scrape", [], "openmetrics: "),
        ("memory", [], "bytes"),
        ("sources", [], "ms of CPU a minute"),
        ("workers", [], "a page of 4 workers: "),
    ],
)
def test_quick_run(name, options, expected, tmp_path):
    report = tmp_path / "report.json"
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick", "--json", report, *options],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert expected in done.stdout
    assert json.loads(report.read_text())
