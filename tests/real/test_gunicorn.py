"""One line under a real gunicorn, one worker of uvicorn's class."""

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.support.exposition import samples
from tests.support.plain_http import get
from tests.support.servers import eventually, free_port, gunicorn, listens

pytest.importorskip("fastapi", reason="the service is a FastAPI one")
pytest.importorskip("gunicorn", reason="no gunicorn on this platform")

APP = "tests.real.apps.live:app"
DURATION = "http_server_request_duration_seconds_count"


@pytest.mark.parametrize("args", [[], ["--preload"]], ids=["plain", "preload"])
def test_one_line_and_one_scrape(args: list[str]):
    with gunicorn(APP, *args) as server:
        for name in ("ada", "grace", "grace"):
            get(f"{server.url}/hello/{name}")
        page = samples(get(f"{server.url}/metrics").body)
        assert page.value(DURATION, http_route="/hello/{name}", http_response_status_code="200") == 3
        assert page.value(DURATION) == 3
        assert server.stop() == 0
        assert "Traceback" not in server.log


@pytest.mark.parametrize("args", [[], ["--preload"]], ids=["plain", "preload"])
def test_port_of_its_own_is_the_workers(args: list[str]):
    port = free_port()
    with gunicorn(APP, *args, env={"APIVITALS_METRICS_PORT": str(port)}) as server:
        get(f"{server.url}/hello/ada")
        eventually(partial(has_counted_one, f"http://127.0.0.1:{port}/metrics"), "one request")
        server.stop()
        assert not listens(port)


def has_counted_one(page: str) -> bool:
    """A thread answers there, perhaps before the request that has had its last byte is counted."""
    return samples(get(page).body).value(DURATION, http_route="/hello/{name}") == 1


@pytest.mark.parametrize("args", [[], ["--preload"]], ids=["plain", "preload"])
def test_worker_that_replaces_a_dead_one_goes_on_with_its_counts(args: list[str]):
    with gunicorn(APP, *args) as server:
        get(f"{server.url}/hello/ada")
        page = samples(get(f"{server.url}/metrics").body)  # after which the request has been counted for certain
        assert page.value(DURATION, http_route="/hello/{name}") == 1
        (worker,) = _children(server.process.pid)
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: _children(server.process.pid) not in ([], [worker]), "another worker")
        eventually(lambda: _answers(f"{server.url}/metrics"), "the other worker answers")
        get(f"{server.url}/hello/grace")
        page = samples(get(f"{server.url}/metrics").body)
        assert page.value(DURATION, http_route="/hello/{name}") == 2


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _answers(url: str) -> bool:
    try:
        return get(url).status == 200
    except OSError:
        return False
