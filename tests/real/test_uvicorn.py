"""One line under a real uvicorn: what a scrape, a client that leaves and a port of its own do."""

import importlib.util
import os
import socket
import subprocess
import sys

import pytest

from tests.support.exposition import Samples, samples
from tests.support.plain_http import get
from tests.support.servers import ROOT, Server, eventually, free_port, listens, uvicorn

pytest.importorskip("fastapi", reason="the service is a FastAPI one")

APP = "tests.real.apps.live:app"
DURATION = "http_server_request_duration_seconds_count"
SESSIONS = "apivitals_websocket_server_active_sessions"
SESSION_COUNT = "apivitals_websocket_server_session_duration_seconds_count"
MESSAGES = "apivitals_websocket_server_messages_total"
LOOPS = {
    "asyncio-h11": ["--loop=asyncio", "--http=h11"],
    "uvloop-httptools": ["--loop=uvloop", "--http=httptools"],
}


@pytest.fixture(params=LOOPS)
def server(request: pytest.FixtureRequest):
    if request.param == "uvloop-httptools" and not all(map(importlib.util.find_spec, ("uvloop", "httptools"))):
        pytest.skip("uvloop or httptools is not installed")
    with uvicorn(APP, *LOOPS[request.param]) as running:
        yield running


def leave(session) -> None:
    session.send("leave")


def scrape(server: Server) -> Samples:
    answer = get(f"{server.url}/metrics")
    assert answer.status == 200
    return samples(answer.body)


def test_one_line_and_one_scrape(server: Server):
    for name in ("ada", "grace", "grace"):
        assert get(f"{server.url}/hello/{name}").body == f'"hello {name}"'.encode()
    page = scrape(server)
    assert page.value(DURATION, http_route="/hello/{name}", http_response_status_code="200", error_type="") == 3
    assert page.value(DURATION) == 3


def test_client_that_leaves_in_mid_stream_is_told_apart_from_success(server: Server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while received.count(b"tick") < 3:
            received += client.recv(4096)
        assert scrape(server).value("http_server_active_requests", http_route="/endless") == 1
    eventually(lambda: scrape(server).has(DURATION, http_route="/endless"), "the request has ended")
    page = scrape(server)
    assert page.labels(DURATION)[0]["error_type"] == "client_disconnected"
    assert page.value(DURATION, error_type="client_disconnected", http_response_status_code="200") == 1
    assert page.value("http_server_active_requests", http_route="/endless") == 0


@pytest.mark.parametrize(
    ("last_word", "code"),
    [(lambda session: session.close(1000), "1000"), (lambda session: session.close(4000), "_OTHER"), (leave, "4001")],
    ids=["client closes", "client closes with a code of its own", "app closes"],
)
def test_websocket_session(server: Server, last_word, code: str):
    """A client can invent 2,000 codes: the ones of its own share one series."""
    client = pytest.importorskip("websockets.sync.client")
    with client.connect(f"ws://127.0.0.1:{server.port}/echo/a") as session:
        session.send("hello")
        assert session.recv(timeout=10) == "hello"
        assert scrape(server).value(SESSIONS, http_route="/echo/{room}") == 1
        last_word(session)
    eventually(lambda: scrape(server).has(SESSION_COUNT), "the session has ended")
    page = scrape(server)
    assert page.value(SESSION_COUNT, http_route="/echo/{room}", websocket_close_code=code, error_type="") == 1
    assert page.value(SESSION_COUNT) == 1
    assert page.value(SESSIONS) == 0
    assert page.value(MESSAGES, network_io_direction="transmit") == 1


def test_websocket_whose_connection_is_lost(server: Server):
    """Newer uvicorn reports 1005, as for a close frame without a code, where RFC 6455 has 1006 (section 7.1.5)."""
    client = pytest.importorskip("websockets.sync.client")
    with client.connect(f"ws://127.0.0.1:{server.port}/echo/a") as session:
        session.send("hello")
        session.recv(timeout=10)
        session.socket.shutdown(socket.SHUT_RDWR)
    eventually(lambda: scrape(server).has(SESSION_COUNT), "the session has ended")
    (labels,) = scrape(server).labels(SESSION_COUNT)
    seen = (labels["websocket_close_code"], labels["error_type"])
    assert seen in {("1005", ""), ("1006", "client_disconnected")}
    assert scrape(server).value(SESSIONS) == 0


def test_sigterm_ends_the_server_cleanly(server: Server):
    get(f"{server.url}/hello/ada")
    assert server.stop() in (0, -15)
    assert "Traceback" not in server.log


def test_port_of_its_own_serves_and_is_released_at_shutdown():
    port = free_port()
    with uvicorn(APP, env={"APIVITALS_METRICS_PORT": str(port)}) as running:
        get(f"{running.url}/hello/ada")
        # A thread answers there, perhaps before the request that has had its last byte is counted
        page = f"http://127.0.0.1:{port}/metrics"
        eventually(lambda: samples(get(page).body).value(DURATION, http_route="/hello/{name}") == 1, "one request")
        running.stop()
        assert not listens(port)
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: TIME_WAIT is no listener
        again.bind(("127.0.0.1", port))


def test_port_in_use_is_one_clear_error_and_no_server():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "uvicorn", APP, f"--port={free_port()}"],
            cwd=ROOT,
            env=os.environ | {"APIVITALS_METRICS_PORT": str(taken)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Uvicorn running" not in said
    naming = [line for line in said.splitlines() if str(taken) in line and "in use" in line]
    assert len(naming) == 1, said
    assert "metrics_port" in naming[0] or "APIVITALS_METRICS_PORT" in naming[0]
