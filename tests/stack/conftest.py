"""One stack for all tests that look at one: it takes a while to start."""

import os
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.alertmanager import program
from tests.support.servers import needs
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


@pytest.fixture(scope="session")
def stack(tmp_path_factory) -> Iterator[Stack]:
    needs("prometheus")
    program()
    directory = tmp_path_factory.mktemp("stack")
    with http_sink() as sink:
        (directory / "apivitals.yaml").write_text(OBJECTIVES.format(url=sink.url))
        with up("--rate", "2", cwd=directory, env=os.environ) as running:
            yield Stack(running, directory, sink)
            assert running.end(signal.SIGTERM) == 0
            assert running.none_left
