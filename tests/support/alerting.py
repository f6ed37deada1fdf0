"""Services that break and are repaired under the eyes of a Prometheus and an Alertmanager, and all that was said.

Rules and routing are what `apivitals generate` makes of one `apivitals.yaml`, twenty times faster.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import yaml

from tests.support.alertmanager import Alertmanager, alertmanager
from tests.support.exposition import samples
from tests.support.plain_http import get, request
from tests.support.servers import ROOT, Server, free_port, listens, prometheus, running
from tests.support.sinks import HttpSink, http_sink
from tests.support.time_lapse import TimeLapse

LAPSE = TimeLapse(20)
LOOK_SECONDS = 0.25
"""Between two looks at what tells nobody that it changes: Alertmanager's list, files that services write."""
SCRAPE, WINDOW = LAPSE.duration("15s"), LAPSE.duration("5m")
TOKEN = "s3cret"  # noqa: S105  # of a test
APP = "tests.real.apps.breakable:app"
_COMMAND = [sys.executable, "-c", "from apivitals.cli import main; main()"]


@dataclass(frozen=True)
class Told:
    """One alert in one notification."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    status: str
    starts_at: str
    """Says, with the labels, which alert it is."""

    @property
    def what(self) -> tuple[str, str, str]:
        """Service, name and severity."""
        return self.labels.get("job", ""), self.labels["alertname"], self.labels["severity"]


class Service:
    """A service, not started yet. It keeps its port, so that Prometheus finds it again after a restart."""

    def __init__(self, name: str, directory: Path, **environment: str) -> None:
        self.name = name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._told = directory / f"{name}.told"
        self._environment = {
            **environment,
            "APIVITALS_CONFIG": str(directory / "apivitals.yaml"),
            "TOKEN_FILE": str(directory / "token"),
            "TOLD_FILE": str(self._told),
        }

    def started(self) -> AbstractContextManager[Server]:
        """Run it."""
        command = [sys.executable, "-m", "uvicorn", APP, "--host=127.0.0.1", f"--port={self.port}", "--no-access-log"]
        return running(command, self.port, lambda: listens(self.port), self._environment)

    def break_it(self, how: str) -> None:
        """Let it have a fault from now on."""
        self._send("POST", how)

    def repair(self, how: str) -> None:
        """Take the fault away."""
        self._send("DELETE", how)

    def told(self) -> list[tuple[str, str, str]]:
        """What its own callback was told of itself: name, severity and status."""
        lines = self._told.read_text().splitlines() if self._told.exists() else []
        found = [json.loads(line) for line in lines]
        return [(name, severity, status) for job, name, severity, status in found if job == self.name]

    def memory(self) -> tuple[float, float]:
        """How much of the memory is used, as its page says: a ratio, and all of it in bytes."""
        page = samples(get(f"{self.url}/metrics").body)
        return page.value("apivitals_memory_utilization"), page.value("apivitals_memory_limit_bytes")

    def _send(self, method: str, how: str) -> None:
        answer = request(method, f"{self.url}/broken/{how}")
        if answer.status != 200:
            raise AssertionError(f"{method} {how}: {answer}")


@dataclass
class World:
    """What watches the services, and what was heard."""

    services: Mapping[str, Service]
    prometheus: Server
    alertmanager: Alertmanager
    sink: HttpSink
    alerts: dict[str, dict[str, str]] = field(default_factory=dict)
    """Labels of all alerts that were seen at Alertmanager, by fingerprint."""
    quiet: dict[str, frozenset[str]] = field(default_factory=dict)
    """Those that were inhibited, and by which."""

    def posted(self, path: str) -> list[Any]:
        """All notifications so far to one of the receivers."""
        return [posted.content for posted in list(self.sink.posted) if posted.path == path]

    def told(self) -> list[Told]:
        """All alerts of all notifications so far, in their order."""
        return [
            Told(one["labels"], one["annotations"], one["status"], one["startsAt"])
            for content in self.posted("/webhook")
            for one in content["alerts"]
        ]

    def inhibited(self) -> list[tuple[dict[str, str], set[str]]]:
        """Labels of what was inhibited, and the names of what did it."""
        return [
            (self.alerts[one], {self.alerts[other]["alertname"] for other in others})
            for one, others in list(self.quiet.items())
        ]

    def wait(self, until: Callable[[], bool], seconds: float) -> None:
        """Wait until it comes, or so long."""
        deadline = time.monotonic() + seconds
        while not until() and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note what is inhibited, whatever is done meanwhile: it may be so for a few seconds only."""
        ended = Event()
        with ThreadPoolExecutor(1) as pool:
            watching = pool.submit(self._watch, ended)
            try:
                yield
            finally:
                ended.set()
            watching.result()

    def _watch(self, ended: Event) -> None:
        while not ended.wait(LOOK_SECONDS):
            seen = self.alertmanager.alerts()
            self.alerts.update({one["fingerprint"]: one["labels"] for one in seen})  # first: `inhibited` looks them up
            for one in seen:
                if one["status"]["inhibitedBy"]:
                    known = self.quiet.get(one["fingerprint"], frozenset())
                    self.quiet[one["fingerprint"]] = known.union(one["status"]["inhibitedBy"])

    def command(self, *arguments: str) -> str:
        """Run `apivitals alerts` and return what it printed."""
        return _run([*_COMMAND, "alerts", *arguments, "--alertmanager", self.alertmanager.url])


@contextmanager
def watched(
    services: Iterable[Service], directory: Path, objectives: Callable[[], Mapping[str, Any]]
) -> Iterator[World]:
    """Run Prometheus and Alertmanager, made for these objectives, and what they tell ends in, for services that run."""
    there = {service.name: service for service in services}
    with ExitStack() as stack:
        sink = stack.enter_context(http_sink())
        write(directory, {**objectives(), "receivers": _receivers(directory, sink, there.values())})
        _run([*_COMMAND, "generate", str(directory / "apivitals.yaml"), "--out", str(directory)])
        rules = directory / "prometheus" / "rules"
        LAPSE.rules(rules.glob("*.yml"))
        LAPSE.alertmanager(directory / "alertmanager" / "alertmanager.yml")
        alerts = stack.enter_context(alertmanager(directory / "alertmanager" / "alertmanager.yml"))
        configuration = _prometheus(rules, alerts, there.values())
        again = LAPSE.duration("1m")
        options = (f"--query.lookback-delta={WINDOW}", f"--rules.alert.resend-delay={again}")
        world = World(there, stack.enter_context(prometheus(configuration, *options)), alerts, sink)
        stack.enter_context(world.watching())
        yield world


@contextmanager
def together(contexts: Iterable[AbstractContextManager[Any]]) -> Iterator[None]:
    """Enter all at the same time: each takes its time to start."""
    stacks = [(ExitStack(), context) for context in contexts]
    with ExitStack() as all_of_them:
        for stack, _ in stacks:
            all_of_them.enter_context(stack)
        with ThreadPoolExecutor(len(stacks)) as pool:
            for entered in [pool.submit(stack.enter_context, context) for stack, context in stacks]:
                entered.result()
        yield


def write(directory: Path, objectives: Mapping[str, Any]) -> None:
    """Write `apivitals.yaml`, and the token that the services ask Alertmanager for."""
    (directory / "apivitals.yaml").write_text(yaml.safe_dump(dict(objectives), sort_keys=False))
    (directory / "token").write_text(TOKEN)


def _receivers(directory: Path, sink: HttpSink, services: Iterable[Service]) -> dict[str, Any]:
    """Tell the sink, as whatever there is, and the services themselves."""
    secrets = {"slack": f"{sink.url}/slack", "pagerduty": "a-routing-key"}
    for name, secret in secrets.items():
        (directory / name).write_text(secret)
    own = [{"url": f"{service.url}/-/alerts", "token_file": str(directory / "token")} for service in services]
    return {
        "webhook": [{"url": f"{sink.url}/webhook"}, *own],
        "slack": {"api_url_file": str(directory / "slack")},
        "pagerduty": {"routing_key_file": str(directory / "pagerduty"), "url": f"{sink.url}/pagerduty"},
        "dead_mans_switch": {"url": f"{sink.url}/heartbeat"},
    }


def _prometheus(rules: Path, alerts: Alertmanager, services: Iterable[Service]) -> str:
    configuration = {
        "global": {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE},
        "rule_files": [f"{rules}/*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alerts.url.removeprefix("http://")]}]}]},
        "scrape_configs": [
            {"job_name": service.name, "static_configs": [{"targets": [f"127.0.0.1:{service.port}"]}]}
            for service in services
        ],
    }
    return yaml.safe_dump(configuration)


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command[3:])}: {done.stdout}{done.stderr}")
    return done.stdout
