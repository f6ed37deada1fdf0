"""Questions to a real Prometheus, through its HTTP API."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

from tests.support.plain_http import get
from tests.support.servers import ROOT, Server, eventually

SHIPPED = ROOT / "prometheus" / "prometheus.yml"
"""The scrape configuration that users get."""
_scraped_at: WeakKeyDictionary[Server, float] = WeakKeyDictionary()


def scrape_configuration(port: int, interval: str = "1s") -> str:
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


def query(server: Server, expression: str, at: float | None = None) -> list[tuple[dict[str, str], float]]:
    """Evaluate an instant query; labels and value of each series.

    It asks for what was `at` that time, in seconds since 1970; by default for what the scrape brought that
    `wait_for_scrape` has waited for, whether or not later ones fail, and without one for what is now.
    """
    at = _scraped_at.get(server) if at is None else at
    when = "" if at is None else f"&time={at:.3f}"
    answer = get(f"{server.url}/api/v1/query?query={quote(expression)}{when}")
    content: dict[str, Any] = json.loads(answer.body)
    if content["status"] != "success":
        raise AssertionError(f"{expression}: {content}")
    return [(series["metric"], float(series["value"][1])) for series in content["data"]["result"]]


def value(server: Server, expression: str, at: float | None = None) -> float:
    """Evaluate an instant query that gives one series, as `query` does.

    Raises:
        AssertionError: it gives none, or several.
    """
    found = query(server, expression, at)
    if len(found) != 1:
        raise AssertionError(f"{expression}: {len(found)} series: {found}")
    return found[0][1]


def wait_for_scrape(server: Server) -> float:
    """Wait until a scrape that began after this call has succeeded, and return its time."""
    now = time.time()

    def scraped() -> bool:
        # Not timestamp(up == 1): of anything but a selector, timestamp() is the time of the question.
        found = query(server, 'timestamp(up{job="apivitals"}) and up == 1', time.time())
        _scraped_at.update((server, at) for _, at in found if at > now)
        return _scraped_at.get(server, now) > now

    eventually(scraped, f"a scrape: {json.loads(get(f'{server.url}/api/v1/targets').body)}")
    return _scraped_at[server]
