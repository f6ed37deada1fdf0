"""An Alertmanager that tells whom ``apivitals.yaml`` names."""

from __future__ import annotations

from pathlib import Path

from apivitals.alertmanager_config.files import CONFIGURATION, alertmanager_files
from apivitals.demo.processes import ServerProcess
from apivitals.objectives import Objectives
from apivitals.slo.artifacts import write
from apivitals.stack.programs import HOST, server


def alertmanager(objectives: Objectives, program: str, *, port: int, directory: Path, data: Path) -> ServerProcess:
    """Write its files into the directory, and describe it. It has no port but this one: there is no cluster."""
    list(write(alertmanager_files(objectives), directory))
    command = [
        program,
        f"--config.file={directory / CONFIGURATION}",
        f"--storage.path={data}",
        f"--web.listen-address={HOST}:{port}",
        f"--web.external-url=http://{HOST}:{port}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    return server("Alertmanager", command, port=port, directory=directory)
