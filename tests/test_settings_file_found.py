"""The settings file that nobody named: looked for in the working directory, and no trouble where that is closed."""

import pytest

from apivitals.configuration import load
from apivitals.settings_file import FILE_NAME


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """Be in a directory where a look at the file is an error of the system, as for a user who may not enter it."""
    (tmp_path / FILE_NAME).symlink_to("x" * 300)  # longer than a name may be, for the superuser too
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("refused")
def test_settings_are_the_defaults_where_nobody_may_look():
    assert load({}, {}).metrics_path == "/metrics"


@pytest.mark.usefixtures("refused")
def test_commands_go_by_the_defaults_where_nobody_may_look(capsys):
    pytest.importorskip("httpx", reason="the command line is an extra")
    run = pytest.importorskip("apivitals.cli.application", reason="the command line is an extra").run
    described = pytest.importorskip("apivitals.stack.service", reason="the command line is an extra").described
    assert described(None).file is None
    assert run(["generate", "--out", "out"]) == 0
    assert "files" in capsys.readouterr().out


def test_settings_are_the_defaults_in_a_directory_that_is_gone(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert load({}, {}).metrics_path == "/metrics"
