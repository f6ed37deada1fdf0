"""The shipped rules in a real Prometheus, on a real service: all are evaluated, and what they name is there."""

import json
import re
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from apivitals.catalog import container, gpu, http, runtime
from apivitals.slo.rule import Recording, all_rules
from tests.slo.tables import DEFAULTS
from tests.slo.test_generated import OF_PROMETHEUS, queries, selectors
from tests.support.plain_http import get
from tests.support.prometheus import SHIPPED, query, scrape_configuration
from tests.support.servers import eventually, needs, prometheus, uvicorn

pytest.importorskip("fastapi", reason="the service is a FastAPI one")

NEEDS_HARDWARE_OR_LIMITS = {
    metric.exposed
    for metric in [
        *(metric for metric in vars(gpu).values() if hasattr(metric, "exposed") and metric is not gpu.UP),
        container.CPU_QUOTA,
        container.CPU_PERIODS,
        container.CPU_THROTTLED_PERIODS,
        container.MEMORY_OOM_KILLS,
        container.PRESSURE_WAITING,
        container.PRESSURE_STALLED,
    ]
}
"""What a machine may lack: its alerts are silent there."""
SILENT_THERE = ("hw_gpu", "apivitals_cpu_throttled", "apivitals_pressure")
NEEDS_A_PAST = {"expected", "residual", "deviation", "upper", "lower"}


@pytest.fixture(scope="module")
def service():
    with uvicorn("tests.slo.everything:app") as server:
        for _ in range(3):
            ask_all(server)
        yield server


def ask_all(server):
    for path in ("/pay", "/report", "/broken"):
        request = urllib.request.Request(f"{server.url}{path}", headers={"X-Request-Start": f"t={time.time():.3f}"})  # noqa: S310  # ours
        try:
            urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  # ours
        except urllib.error.HTTPError as error:
            error.close()


def test_every_name_is_on_the_page(service):
    eventually(lambda: "apivitals_cpu_utilization" in get(f"{service.url}/metrics").body.decode(), "two samples")
    page = get(f"{service.url}/metrics").body.decode()
    shown = {line.partition("{")[0].partition(" ")[0] for line in page.splitlines() if not line.startswith("#")}
    recorded = {rule.record for rule in all_rules(DEFAULTS) if isinstance(rule, Recording)}
    named = {name for rule in all_rules(DEFAULTS) for text in queries(rule) for name, _ in selectors(text)}
    missing = named - shown - recorded - OF_PROMETHEUS - NEEDS_HARDWARE_OR_LIMITS
    assert missing == set()
    assert {runtime.EVENT_LOOP_LONGEST.exposed, http.ACTIVE_REQUESTS.exposed} <= named & shown


def may_lack(name):
    _, metric, operation = name.split(":")
    return operation in NEEDS_A_PAST or metric.startswith(SILENT_THERE)


def test_every_rule_is_evaluated(service):
    needs("prometheus")
    with tempfile.TemporaryDirectory(prefix="rules-") as directory:
        for file in (SHIPPED.parent / "rules").glob("*.yml"):
            hurried = re.sub(r"^    interval: \w+$", "    interval: 500ms", file.read_text(), flags=re.MULTILINE)
            Path(directory, file.name).write_text(hurried)
        config = scrape_configuration(service.port, "1s").replace("rules/apivitals-*.yml", f"{directory}/*.yml")
        with prometheus(config) as server:

            def groups():
                return json.loads(get(f"{server.url}/api/v1/rules").body)["data"]["groups"]

            def evaluated():
                ask_all(service)
                done = all(rule["health"] != "unknown" for group in groups() for rule in group["rules"])
                return (
                    done
                    and bool(query(server, "job:apivitals_health:score"))
                    and bool(query(server, "job:sla:met_ratio"))
                )

            eventually(evaluated, "every rule, twice", 60)
            eventually(
                lambda: bool(ask_all(service) or query(server, "job:http_errors:ratio_rate5m > 0")), "errors", 30
            )
            wrong = [
                (rule["name"], rule["lastError"])
                for group in groups()
                for rule in group["rules"]
                if rule.get("lastError")
            ]
            assert wrong == []
            recorded = {rule.record for rule in all_rules(DEFAULTS) if isinstance(rule, Recording)}

            seen: set[str] = set()

            def lacking():
                seen.update(labels["__name__"] for labels, _ in query(server, '{__name__=~".+:.+"}'))
                return {name for name in recorded - seen if not may_lack(name)}

            with suppress(AssertionError):
                eventually(lambda: ask_all(service) or not lacking(), "every recorded series", 60)
            assert lacking() == set()
            scores: list[float] = []

            def scored():
                scores.extend(score for _, score in query(server, "job:apivitals_health:score"))
                return bool(scores)

            eventually(scored, "a score")
            assert all(0 <= score <= 100 for score in scores)
