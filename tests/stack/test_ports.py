"""Every server has a port of its own, whatever was asked for and is taken."""

import itertools
import socket
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

pytest.importorskip("fastapi", reason="the demo's service is a FastAPI one")
pytest.importorskip("yaml", reason="PyYAML is not installed")

from apivitals.demo import processes, session  # the skips above go first
from apivitals.demo.errors import DemoError
from apivitals.stack import ports
from apivitals.stack.options import Ports
from tests.support.servers import free_port


class LowestFirst:
    """A socket on a machine that gives the lowest port that is free, to everybody who asks."""

    taken: set[int] = set()  # noqa: RUF012  # all sockets of the machine share it

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.taken.discard(self.port)

    def setsockopt(self, *_):
        pass

    def listen(self):
        pass

    def bind(self, address):
        self.port = address[1] or next(port for port in itertools.count(50_000) if port not in self.taken)
        self.taken.add(self.port)

    def getsockname(self):
        return "127.0.0.1", self.port


@pytest.fixture
def machine(monkeypatch):
    names = {"socket": LowestFirst, "SOL_SOCKET": socket.SOL_SOCKET, "SO_REUSEADDR": socket.SO_REUSEADDR}
    monkeypatch.setattr(processes, "socket", SimpleNamespace(**names))


@pytest.mark.parametrize("name", ["shop", "grafana"])
def test_a_usual_port_that_was_asked_for_is_not_given_twice(name, monkeypatch):
    usual = free_port()
    monkeypatch.setitem(ports._USUAL, "prometheus", usual)  # noqa: SLF001  # 9090 may be in use here
    found = ports.chosen(Ports(**{name: usual}))
    assert found[name] == usual
    assert len(set(found.values())) == len(found) == 6


def test_a_port_that_was_asked_for_twice_is_one_line():
    port = free_port()
    with pytest.raises(DemoError, match=f"^--port and --grafana-port are both {port}: give two ports$") as caught:
        ports.chosen(Ports(shop=port, grafana=port))
    assert caught.value.exit_code == 2


@pytest.mark.usefixtures("machine")
def test_free_ports_are_none_of_those_for_somebody_else():
    assert processes.free_ports(2, but={50_000, 50_002}) == [50_001, 50_003]


@pytest.mark.usefixtures("machine")
def test_up_draws_all_at_once(monkeypatch):
    monkeypatch.setattr(ports, "_is_free", lambda _: False)
    found = ports.chosen(Ports(prometheus=50_001))
    assert found["prometheus"] == 50_001
    assert len(set(found.values())) == len(found) == 6


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("asked", [None, 50_001])
def test_the_demo_draws_all_at_once(asked, tmp_path, monkeypatch):
    def prometheus(*_, port, **__):
        return port

    monkeypatch.setattr(session, "prometheus_server", prometheus)
    servers, prometheus_port = session.described(session.Options(port=asked, prometheus=True), tmp_path)
    assert len({prometheus_port, *(urlsplit(server.url).port for server in servers.in_order)}) == 4
    assert asked is None or servers.shop.url.endswith(f":{asked}")
