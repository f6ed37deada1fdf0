"""What begins with the service, where the port of its own cannot be had."""

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette

from apivitals.errors import ErrorLog
from apivitals.export.own_port import OwnPort
from apivitals.lifecycle import Lifecycle, Part
from apivitals.workers.lock import Role


@pytest.fixture
def port(tmp_path):
    """A port of workers whose directory has been removed."""
    page: Any = SimpleNamespace(worker=SimpleNamespace(port=Role(tmp_path / "removed" / "port")))
    return OwnPort(page, "127.0.0.1", 0, "/metrics", None)


def nothing():
    pass


def test_it_cannot_be_told_who_has_the_port(port):
    with pytest.raises(OSError, match=r"apivitals settings: metrics_port 0 cannot be opened: .*No such file"):
        port.open()


def test_the_first_request_starts_all_else(port):
    begun, errors = [], ErrorLog()
    lifecycle = Lifecycle(nothing, port, [Part("sources", lambda: begun.append("sources"), nothing)], errors)
    lifecycle.first_request()
    assert begun == ["sources"]
    assert errors.counts()["start"] == 1


@pytest.mark.anyio
async def test_the_lifespan_says_it_in_a_line(port):
    lifecycle = Lifecycle(nothing, port, [], ErrorLog())
    sent = []

    async def receive():
        return {"type": "lifespan.startup"}

    async def send(message):
        sent.append(message)

    await lifecycle.lifespan(Starlette(), {"type": "lifespan"}, receive, send)
    (failed,) = sent
    assert failed["type"] == "lifespan.startup.failed"
    assert "metrics_port" in failed["message"]
