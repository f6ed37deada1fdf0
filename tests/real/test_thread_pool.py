"""Sixty blocking endpoints on the forty threads of the pool: the wait is what the threads' own clock says."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.breakdown import seconds_by_component
from tests.support.exposition import samples
from tests.support.plain_http import get
from tests.support.servers import uvicorn

pytest.importorskip("fastapi", reason="the service is a FastAPI one")

REQUESTS, THREADS, SECONDS = 60, 40, 2.0
WAITED_SECONDS = SECONDS / 4
"""Who finds a thread has it sooner, and who finds none waits longer, even if sixty requests take a while to come."""


def test_the_wait_for_a_thread_is_what_the_threads_clock_says():
    with uvicorn("tests.real.apps.blocking:app") as server, ThreadPoolExecutor(REQUESTS) as clients:
        get(f"{server.url}/metrics")  # what is done for the first time is not what is measured
        url = f"{server.url}/block?seconds={SECONDS}"
        answers = [clients.submit(get, url) for _ in range(REQUESTS)]
        waits = [float(json.loads(answer.result().body)) for answer in answers]
        found = seconds_by_component(samples(get(f"{server.url}/metrics").body), "/block")
    assert sum(wait > WAITED_SECONDS for wait in waits) == REQUESTS - THREADS
    # The application's clock begins a little earlier: routing and the framework's own work come before the wait.
    assert found["threadpool_wait"] == pytest.approx(sum(waits), rel=0.1)
    assert found["endpoint"] >= REQUESTS * SECONDS
