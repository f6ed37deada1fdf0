"""A Prometheus of the demo's own, with the scrape configuration that ships."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from apivitals.demo.errors import DemoError
from apivitals.demo.processes import ServerProcess, guarded
from apivitals.shipped import shipped

_GRAPHED = "sum by (http_route) (rate(http_server_request_duration_seconds_count[10s]))"


def scrape_configuration(target: str) -> str:
    """Return the scrape configuration that ships, for one ``host:port`` and with a second's interval."""
    text = shipped("prometheus/prometheus.yml").read_text(encoding="utf-8")
    return (
        text.replace("127.0.0.1:8000", target)
        .replace("scrape_interval: 15s", "scrape_interval: 1s")
        .replace("scrape_timeout: 10s", "scrape_timeout: 1s")
    )


def prometheus_server(target: str, *, port: int, directory: Path) -> ServerProcess:
    """Describe a Prometheus at a loopback port that scrapes ``target``, with its data in ``directory``.

    Raises:
        DemoError: ``prometheus`` is not on the PATH.

    """
    configuration = directory / "prometheus.yml"
    configuration.write_text(scrape_configuration(target), encoding="utf-8")
    return prometheus_process(
        configuration, "--prometheus", port=port, log=directory / "prometheus.log", data=directory / "prometheus-data"
    )


def prometheus_process(  # noqa: PLR0913 (places, mostly)
    configuration: Path, wanted_by: str, *, port: int, log: Path, data: Path, options: Sequence[str] = ()
) -> ServerProcess:
    """Describe a Prometheus at a loopback port; ``wanted_by`` is what needs one, for the message if there is none.

    Raises:
        DemoError: ``prometheus`` is not on the PATH.

    """
    program = shutil.which("prometheus")
    if program is None:
        raise DemoError(
            f"{wanted_by} needs the program prometheus on the PATH: apt-get install prometheus, "
            "or https://prometheus.io/download/",
            exit_code=2,
        )
    command = [
        program,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
        *options,
    ]
    url = f"http://127.0.0.1:{port}"
    return ServerProcess("Prometheus", guarded(command), url=url, log=log, environment=os.environ)


def graph_url(prometheus_url: str) -> str:
    """Give the address of a graph of the throughput by route."""
    return f"{prometheus_url}/graph?{urlencode({'g0.expr': _GRAPHED, 'g0.tab': 0, 'g0.range_input': '5m'})}"
