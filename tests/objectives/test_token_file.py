"""A token file that is not here may be where the service runs, however its path is written."""

from pathlib import Path

import pytest

pytest.importorskip("yaml", reason="PyYAML is not installed")

from apivitals.objectives.examination import Examination  # the skip above goes first


@pytest.mark.parametrize("path", ["/no/where/token", "./none", "/no//where/token", "no/where/"])
@pytest.mark.parametrize("key", ["metrics_token_file", "alert_webhook_token_file"])
def test_a_token_file_that_is_not_here_is_a_warning(key, path):
    (finding,) = Examination(f"{key}: {path}\n", Path("f")).findings
    assert (finding.kind, finding.location) == ("warning", (key,))
    why = "No such file or directory; on the service's machine it must be there"
    assert finding.message == f"{Path(path)} cannot be used: {why}"


def test_a_token_file_without_a_token_is_a_warning(tmp_path):
    file = tmp_path / "token"
    file.touch()
    (finding,) = Examination(f"metrics_token_file: {file}\n", Path("f")).findings
    assert (finding.kind, finding.message[: len(str(file))]) == ("warning", str(file))


def test_a_token_and_a_file_are_an_error():
    (finding,) = Examination("metrics_token: x\nmetrics_token_file: y\n", Path("f")).findings
    assert finding.kind == "error"
