"""docs/objectives.md: its files are valid, and its output is what the command prints for them."""

import re
from pathlib import Path

import jsonschema
import pytest

from apivitals.objectives import from_mapping
from apivitals.objectives.json_schema import json_schema

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
pytest.importorskip("typer", reason="the command line's extra is not installed")
from apivitals.cli.application import run  # noqa: E402  # needs typer

PAGE = (Path(__file__).parents[2] / "docs/objectives.md").read_text()
FILES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
OUTPUTS = re.findall(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def in_a_directory_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("text", FILES)
def test_files_are_valid(text):
    content = yaml.safe_load(text)
    from_mapping(content)
    assert list(jsonschema.Draft202012Validator(json_schema()).iter_errors(content)) == []


def test_nothing_is_wrong_with_the_example(capsys):
    Path("apivitals.yaml").write_text(FILES[0])
    assert run(["validate", "--strict"]) == 0
    assert capsys.readouterr().out == "apivitals.yaml: nothing is wrong\n"


def test_the_example_means_what_the_page_says():
    objectives = from_mapping(yaml.safe_load(FILES[0]))
    critical = objectives.classes.critical
    assert [(str(each.percent), each.within_seconds) for each in critical.latency] == [("99", 0.8), ("95", 0.3)]
    assert critical.error_rate_percent == 1
    assert objectives.thresholds.cpu_percent.critical == 90
    assert objectives.routes["GET /reports/{id}"].objectives
    assert {0.8, 0.3, 20} <= set(objectives.thresholds_seconds())


def test_the_output_is_what_validate_prints(capsys):
    Path("apivitals.yaml").write_text(FILES[1])
    assert run(["validate"]) == 1
    assert capsys.readouterr().out == OUTPUTS[0]
