"""One stack for all tests that look at one: it takes a while to start."""

import json
import os
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest

from tests.support.alertmanager import program
from tests.support.exposition import samples
from tests.support.plain_http import get
from tests.support.servers import eventually, free_port, needs
from tests.support.sinks import HttpSink, http_sink
from tests.support.up import Up, up

if find_spec("yaml") is None or find_spec("typer") is None:
    collect_ignore_glob = ["test_up.py", "test_doctor.py"]

OBJECTIVES = """\
scrape_interval_seconds: 5
receivers:
  webhook: {{url: "{url}/told"}}
"""


class Stack(NamedTuple):
    """A shop that is watched."""

    up: Up
    directory: Path
    """Where `apivitals.yaml` is."""
    sink: HttpSink
    """Who is told."""

    def url(self, name: str) -> str:
        """Where one of it is."""
        return self.up.rows[name][0]


def ports() -> list[str]:
    """Options for ports of its own: the usual ones are wanted by others too."""
    return [word for name in ("prometheus", "alertmanager", "grafana") for word in (f"--{name}-port", str(free_port()))]


@pytest.fixture
def own_ports() -> list[str]:
    """Options for `apivitals up`."""
    return ports()


@pytest.fixture(scope="session")
def stack(tmp_path_factory) -> Iterator[Stack]:
    needs("prometheus")
    program()
    directory = tmp_path_factory.mktemp("stack")
    with http_sink() as sink:
        (directory / "apivitals.yaml").write_text(OBJECTIVES.format(url=sink.url))
        with up("--rate", "2", "--port", str(free_port()), *ports(), cwd=directory, env=os.environ) as running:
            found = Stack(running, directory, sink)
            eventually(lambda: is_known(found), "both workers are there, and the rules know them", 240)
            yield found
            assert running.end(signal.SIGTERM) == 0
            eventually(lambda: running.none_left, "nothing is left")


def is_known(stack: Stack) -> bool:
    """Whether each worker is there, and Prometheus has scraped them and recorded that."""
    known = ('up{job="video-shop"} == 1', 'job:apivitals_instrumented:info{job="video-shop"}')
    if samples(get(stack.url("metrics")).body).value("apivitals_workers") != 2:
        return False
    answers = [get(f"{stack.url('Prometheus')}/api/v1/query?query={quote(expr)}").body for expr in known]
    return all(json.loads(answer)["data"]["result"] for answer in answers)
