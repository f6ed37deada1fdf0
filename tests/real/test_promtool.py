"""What Prometheus' own checker says about the page and about the files that ship."""

import re
import subprocess

import pytest

from apivitals.catalog import Metric, http
from tests.real.load import Request, run
from tests.support.exposition import samples
from tests.support.plain_http import get
from tests.support.prometheus import SHIPPED
from tests.support.servers import Server, eventually, needs, uvicorn

pytest.importorskip("fastapi", reason="the service is a FastAPI one")

LINT_FOUND = 3
"""promtool's exit status when the page is well-formed and not to its taste."""

SESSION_COUNT = "apivitals_websocket_server_session_duration_seconds_count"
_COUNT = 'non-histogram and non-summary metrics should not have "_count" suffix'
FORCED_BY_OPENTELEMETRY = {
    f"process_thread_count {_COUNT}": "process.thread.count",
    f"process_unix_file_descriptor_count {_COUNT}": "process.unix.file_descriptor.count",
    f"system_cpu_logical_count {_COUNT}": "system.cpu.logical.count",
}
"""Complaints that stay, each with the name of OpenTelemetry's conventions that forces it."""


@pytest.fixture(scope="module")
def page():
    """The page of a service on which every HTTP metric has been in use."""
    needs("promtool")
    requests = [
        Request("GET", "/size/10", "/size/{size}"),
        Request("GET", "/broken", "/broken"),
        Request("POST", "/upload", "/upload", b"x"),
        Request("GET", "/nowhere", ""),
    ]
    with uvicorn("tests.real.apps.known:app") as service:
        run(service.port, requests, clients=1)
        with pytest.importorskip("websockets.sync.client").connect(f"ws://127.0.0.1:{service.port}/echo") as session:
            session.send("hello")
            session.recv(timeout=10)
        eventually(lambda: samples(scrape(service)).has(SESSION_COUNT), "the session has ended")
        return scrape(service)


def scrape(service: Server) -> bytes:
    return get(f"{service.url}/metrics").body


def lint(page: bytes) -> tuple[int, list[str]]:
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode().splitlines()


def test_complaints_are_the_listed_ones(page: bytes):
    status, said = lint(page)
    assert sorted(said) == sorted(FORCED_BY_OPENTELEMETRY)
    assert status == (LINT_FOUND if FORCED_BY_OPENTELEMETRY else 0)


def test_a_wrong_name_would_be_seen(page: bytes):
    """What makes the test above one that can fail."""
    status, said = lint(page + b"# TYPE waited_milliseconds counter\nwaited_milliseconds 1\n")
    assert status == LINT_FOUND
    assert any("waited_milliseconds" in line for line in said)


def test_every_http_metric_is_on_the_page_that_was_checked(page: bytes):
    typed = set(re.findall(r"^# TYPE (\S+) ", page.decode(), re.MULTILINE))
    declared = {metric.exposed for metric in vars(http).values() if isinstance(metric, Metric)}
    assert len(declared) > 5
    assert declared - typed == set()


def test_shipped_scrape_configuration_is_valid():
    needs("promtool")
    done = subprocess.run(["promtool", "check", "config", str(SHIPPED)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout
