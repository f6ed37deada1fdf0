"""`apivitals generate --format grafana`: the dashboards that ship, for one service."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from apivitals.cli.application import application
from apivitals.shipped import shipped

DASHBOARDS = Path("grafana/dashboards")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def generate(*options):
        return CliRunner().invoke(application, ["generate", "--format", "grafana", *options])

    return generate


def chosen(text):
    return {
        variable["name"]: variable["current"]
        for variable in json.loads(text)["templating"]["list"]
        if variable["type"] == "query" and "current" in variable
    }


def test_without_a_selector_all_is_as_shipped(run):
    assert run().exit_code == 0
    root = shipped("grafana")
    there = {path.relative_to(root): path.read_text() for path in root.rglob("*.*") if path.is_file()}
    assert {path.relative_to("grafana"): path.read_text() for path in Path("grafana").rglob("*.*")} == there
    assert any(path.suffix == ".json" for path in there)


def test_a_selector_is_chosen_and_nothing_else_changed(run):
    Path("apivitals.yaml").write_text("selector: {job: shop, env: prod}")
    assert run().exit_code == 0
    for file in DASHBOARDS.iterdir():
        before = (shipped("grafana/dashboards") / file.name).read_text()
        assert chosen(file.read_text())["job"]["value"] in (["shop"], "shop")
        assert chosen(file.read_text()).keys() - chosen(before).keys() <= {"job"}
        with_job = json.loads(before)
        for variable, now in zip(
            with_job["templating"]["list"], json.loads(file.read_text())["templating"]["list"], strict=True
        ):
            if variable["name"] == "job":
                variable["current"] = now["current"]
        assert json.dumps(with_job, indent=2, sort_keys=True, ensure_ascii=False) + "\n" == file.read_text()


def test_check_sees_what_was_changed_by_hand(run):
    run()
    assert run("--check").exit_code == 0
    file = DASHBOARDS / "apivitals-overview.json"
    file.write_text(file.read_text().replace('"editable": false', '"editable": true'))
    done = run("--check")
    assert done.exit_code == 1
    assert '-  "editable": true' in done.output


def test_only_our_own_leftovers_go(run):
    run()
    gone, mine, copy = (DASHBOARDS / f"{name}.json" for name in ("apivitals-gone", "mine", "copy"))
    gone.write_text('{"uid": "apivitals-gone", "tags": ["apivitals"]}')
    mine.write_text('{"uid": "mine", "tags": []}')
    copy.write_text('{"uid": "apivitals-overview", "tags": ["apivitals"]}')
    (DASHBOARDS / "broken.json").write_text("{")
    assert "removed grafana/dashboards/apivitals-gone.json" in run().output
    assert not gone.exists()
    assert mine.exists()
    assert copy.exists()
