"""A real VictoriaMetrics, and vmalert, its ruler."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.plain_http import get
from tests.support.servers import Server, free_port, needs, running


@contextmanager
def victoria_metrics(*args: str) -> Iterator[Server]:
    """Run it, single-node, with further options; its data goes when it ends."""
    needs("victoria-metrics")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="victoria-metrics-") as directory:
        command = [
            "victoria-metrics",
            f"-storageDataPath={directory}",
            f"-httpListenAddr=127.0.0.1:{port}",
            "-loggerLevel=WARN",
            *args,
        ]
        with running(command, port, lambda: _is_well(port)) as server:
            yield server


@contextmanager
def vmalert(*args: str) -> Iterator[Server]:
    """Run it with these options, which say what it evaluates, where, and whom it tells."""
    needs("vmalert")
    port = free_port()
    command = ["vmalert", f"-httpListenAddr=127.0.0.1:{port}", "-loggerLevel=WARN", *args]
    with running(command, port, lambda: _is_well(port)) as server:
        yield server


def _is_well(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}/health").status == 200
    except OSError:
        return False
