"""What docs/alerts.md shows works: the file, and the commands against a real Alertmanager."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from apivitals.objectives import from_mapping
from tests.alertmanager_config.files import written
from tests.alertmanager_config.test_files import check
from tests.alerts.notification import ERRORS
from tests.support.alertmanager import alertmanager
from tests.support.servers import ROOT

pytest.importorskip("typer", reason="the command line is not installed")

PAGE = (ROOT / "docs/alerts.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_file_is_understood_and_amtool_takes_what_is_made_of_it(tmp_path):
    (block,) = blocks("yaml")
    status, said = check(written(tmp_path, from_mapping(yaml.safe_load(block))))
    assert status == 0, said


def test_the_commands_work(tmp_path):
    (block,) = blocks("sh")
    program = tmp_path / "apivitals"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from apivitals.cli import main; main()" "$@"\n')
    program.chmod(0o755)
    with alertmanager(ROOT / "alertmanager/alertmanager.yml") as running:
        running.fire(ERRORS)
        script = block.replace("http://127.0.0.1:9093", running.url).replace("alerts watch", "alerts watch --for 0.1")
        env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(["sh", "-e"], input=script, capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "acknowledged ApiErrorRateHigh until" in done.stdout
    assert "took back what" in done.stdout
    assert done.stdout.rstrip().splitlines()[-1].split()[1:3] == ["firing", "critical"]
