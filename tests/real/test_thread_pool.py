"""Sixty blocking endpoints on the forty threads of the pool: the wait is what the threads' own clock says."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.breakdown import seconds_by_component
from tests.support.exposition import samples
from tests.support.plain_http import get
from tests.support.servers import uvicorn

pytest.importorskip("fastapi", reason="the service is a FastAPI one")

REQUESTS, THREADS, SECONDS = 60, 40, 3.0
CLOCK_SECONDS = 0.01
"""A sleep may end so much early."""


def test_the_wait_for_a_thread_is_what_the_threads_clock_says():
    service = uvicorn("tests.real.apps.blocking:app", env={"REQUESTS": str(REQUESTS)})
    with service as server, ThreadPoolExecutor(REQUESTS) as clients:
        get(f"{server.url}/metrics")  # what is done for the first time is not what is measured
        url = f"{server.url}/block?seconds={SECONDS}"
        answers = [clients.submit(get, url) for _ in range(REQUESTS)]
        waits = [float(json.loads(answer.result().body)) for answer in answers]
        found = seconds_by_component(samples(get(f"{server.url}/metrics").body), "/block")
    # Who finds no thread waits until all have come and the first have then blocked theirs
    assert sum(wait > SECONDS - CLOCK_SECONDS for wait in waits) == REQUESTS - THREADS
    # The application's clock begins a little earlier: routing and the framework's own work come before the wait.
    assert found["threadpool_wait"] == pytest.approx(sum(waits), rel=0.1)
    assert found["endpoint"] >= REQUESTS * (SECONDS - CLOCK_SECONDS)
