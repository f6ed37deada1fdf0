"""What ``apivitals up`` was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ports:
    """Ports on 127.0.0.1; None is the program's usual one, or a free one where that is taken."""

    shop: int | None = None
    prometheus: int | None = None
    alertmanager: int | None = None
    grafana: int | None = None


@dataclass(frozen=True)
class Options:
    """What the command line said."""

    urls: tuple[str, ...] = ()
    """Of the services to watch; none is the demo's shop."""
    config: Path | None = None
    token_file: Path | None = None
    data: Path | None = None
    """Where Prometheus and the others keep their data; None is a temporary directory."""
    seconds: float | None = None
    """For how long; None is until a signal."""
    workers: int = 2
    highest_rate: float | None = 30.0
    """Visits per second at the height of the load's wave; None is no load."""
    ports: Ports = Ports()

    def data_in(self, directory: Path) -> Path:
        """Return where the data is kept; without `data` in that directory, which is a temporary one."""
        return directory / "data" if self.data is None else self.data.absolute()
