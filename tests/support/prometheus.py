"""Questions to a real Prometheus, through its HTTP API."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support.plain_http import get
from tests.support.servers import ROOT, Server, eventually

SHIPPED = ROOT / "prometheus" / "prometheus.yml"
"""The scrape configuration that users get."""


def scrape_configuration(port: int, interval: str = "200ms") -> str:
    """Return the shipped configuration, with the target and the intervals replaced and nothing else."""
    text = Path(SHIPPED).read_text()
    for old, new in (
        ("127.0.0.1:8000", f"127.0.0.1:{port}"),
        ("scrape_interval: 15s", f"scrape_interval: {interval}"),
        ("scrape_timeout: 10s", f"scrape_timeout: {interval}"),
    ):
        if text.count(old) != 1:
            raise AssertionError(f"{SHIPPED.name} should have {old!r} once")
        text = text.replace(old, new)
    return text


def query(server: Server, expression: str) -> list[tuple[dict[str, str], float]]:
    """Evaluate an instant query; labels and value of each series."""
    answer = get(f"{server.url}/api/v1/query?query={quote(expression)}")
    content: dict[str, Any] = json.loads(answer.body)
    if content["status"] != "success":
        raise AssertionError(f"{expression}: {content}")
    return [(series["metric"], float(series["value"][1])) for series in content["data"]["result"]]


def value(server: Server, expression: str) -> float:
    """Evaluate an instant query that gives one series.

    Raises:
        AssertionError: it gives none, or several.
    """
    found = query(server, expression)
    if len(found) != 1:
        raise AssertionError(f"{expression}: {len(found)} series: {found}")
    return found[0][1]


def wait_for_scrape(server: Server) -> None:
    """Wait until a scrape that began after this call has succeeded."""
    now = time.time()

    def scraped() -> bool:
        # Not timestamp(up == 1): of anything but a selector, timestamp() is the time of the question.
        return any(at > now for _, at in query(server, 'timestamp(up{job="apivitals"}) and up == 1'))

    eventually(scraped, f"a scrape: {json.loads(get(f'{server.url}/api/v1/targets').body)}")
