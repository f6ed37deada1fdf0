"""Tests that need a real server neither pass nor vanish without it."""

import os
import socket
import subprocess
import sys

import pytest

from tests.support import servers

pytest.importorskip("uvicorn", reason="the server that is started here")


def test_missing_program_skips_the_test(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(servers, "are_required", False)
    with pytest.raises(pytest.skip.Exception, match="not installed: no-such-server"):
        servers.needs("no-such-server")


def test_missing_program_fails_the_test_where_it_is_required(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(servers, "are_required", True)
    with pytest.raises(pytest.fail.Exception, match="no-such-server"):
        servers.needs("no-such-server")


def test_server_that_does_not_start_says_why():
    with pytest.raises(servers.ServerFailedError, match="no_such_module"), servers.uvicorn("no_such_module:app"):
        pass


def test_server_is_gone_afterwards():
    with servers.uvicorn("tests.support.test_servers:nothing", "--lifespan=off") as server:
        assert servers.listens(server.port)
    assert server.process.poll() is not None
    assert not servers.listens(server.port)


def test_a_free_port_is_given_once(monkeypatch: pytest.MonkeyPatch):
    """To this process and to any other, though nothing listens on it."""
    port = servers.free_port()
    ask_for_it = f"from tests.support import servers; servers.PORTS = range({port}, {port + 1}); servers.free_port()"
    asked = subprocess.run(
        [sys.executable, "-c", ask_for_it], capture_output=True, text=True, check=False, cwd=servers.ROOT
    )
    assert f"no port is free from {port} to {port}" in asked.stderr
    monkeypatch.setattr(servers, "PORTS", range(port, port + 1))
    with pytest.raises(servers.ServerFailedError, match="no port is free"):
        servers.free_port()


def test_a_port_in_use_is_not_free(monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setattr(servers, "PORTS", range(port, port + 1))
        with pytest.raises(servers.ServerFailedError, match="no port is free"):
            servers.free_port()


def test_a_server_that_has_ended_is_not_ready_though_another_answers_on_its_port():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        def ready() -> bool:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            return servers.listens(port)

        command = [sys.executable, "-c", "raise SystemExit(3)"]
        with (
            pytest.raises(servers.ServerFailedError, match="ended with status 3"),
            servers.running(command, port, ready),
        ):
            pass


def test_a_closed_port_refuses_and_is_not_given_away():
    with servers.closed_port() as port, socket.socket() as other:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))


async def nothing(scope, receive, send) -> None:
    """Serve nothing."""
