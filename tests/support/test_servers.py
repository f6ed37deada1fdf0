"""Tests that need a real server neither pass nor vanish without it."""

import socket

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


def test_a_closed_port_refuses_and_is_not_given_away():
    with servers.closed_port() as port, socket.socket() as other:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))


async def nothing(scope, receive, send) -> None:
    """Serve nothing."""
