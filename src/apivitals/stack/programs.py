"""Programs that are installed on this machine, or how to install them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from apivitals.demo.processes import ServerProcess, guarded

HOST = "127.0.0.1"
_ALERTMANAGER = ("alertmanager", "prometheus-alertmanager")  # upstream's name, and Debian's
_GRAFANA = ("grafana", "grafana-server")
NO_ALERTMANAGER = (
    "not installed, so nobody is told of alerts: apt-get install prometheus-alertmanager, or"
    " https://prometheus.io/download/"
)
NO_GRAFANA = "not installed: https://grafana.com/grafana/download"


def alertmanager_program() -> str | None:
    """Return where Alertmanager is; None if it is not on the PATH."""
    return _first(_ALERTMANAGER)


def grafana_program() -> list[str] | None:
    """Return how Grafana's server is run; None if it is not on the PATH."""
    found = _first(_GRAFANA)
    if found is None:
        return None
    return [found, "server"] if Path(found).name == _GRAFANA[0] else [found]


def server(
    name: str, command: list[str], *, port: int, directory: Path, variables: Mapping[str, str] | None = None
) -> ServerProcess:
    """Describe a program at a loopback port that is not to outlive us; it logs into the directory."""
    return ServerProcess(
        name,
        guarded(command),
        url=f"http://{HOST}:{port}",
        log=directory / f"{name.lower()}.log",
        environment={**os.environ, **(variables or {})},
    )


def _first(names: tuple[str, ...]) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)
