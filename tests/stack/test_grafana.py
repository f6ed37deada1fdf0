"""Grafana's password: its own file beside the data, as old as that."""

import stat

import pytest

pytest.importorskip("httpx", reason="the command line is an extra")

from apivitals.stack.grafana import grafana  # the skip above goes first

VARIABLE = "GF_SECURITY_ADMIN_PASSWORD"


def described(directory, data):
    for path in (directory, data):
        path.mkdir(exist_ok=True)
    return grafana(
        ["/bin/grafana", "server"],
        port=1,
        directory=directory,
        data=data,
        prometheus="http://127.0.0.1:2",
        alertmanager=None,
        scrape_interval="15s",
    )


def test_the_password_is_as_old_as_the_data(tmp_path):
    """Grafana takes it when it makes its database, and not the next time."""
    first = described(tmp_path / "first-run", tmp_path / "data").environment[VARIABLE]
    assert described(tmp_path / "second-run", tmp_path / "data").environment[VARIABLE] == first
    assert described(tmp_path / "second-run", tmp_path / "other-data").environment[VARIABLE] != first
    assert len(first) > 16
    file = tmp_path / "data/grafana-password"
    assert file.read_text() == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
