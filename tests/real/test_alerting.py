"""A service is broken in six ways: who is on call is told once, told what to look at first, and told that it is over.

All breaks are parts of one story, each in a service of its own. It is played first, and asked about afterwards.
"""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event
from typing import Any

import pytest

from tests.support.alerting import LAPSE, Service, Told, World, together, watched, write
from tests.support.databases import postgresql
from tests.support.prometheus import query
from tests.support.steady_load import steady_load

for package in ("fastapi", "asyncpg"):
    pytest.importorskip(package, reason="the service is a FastAPI one with a database")
psycopg = pytest.importorskip("psycopg", reason="makes the database slow")

SCRAPE_SECONDS = 15 / LAPSE.factor
BASELINE_SECONDS = 24 * SCRAPE_SECONDS
"""More than the window of the rates: after it, the first failures of a service count from the first on."""
MOST_SECONDS = 90 * SCRAPE_SECONDS
SLOW_SECONDS = 0.9
LATE_SECONDS, BLOCK_SECONDS = 0.3 * SCRAPE_SECONDS, 0.6 * SCRAPE_SECONDS
"""The threshold of the event loop's lag is far from what a busy machine lets it be, and a scrape still gets through."""
MEBIBYTE = 2**20
ROOM_MEBIBYTES = 1500
"""From the memory that is used to the threshold; the service takes twice as much. Others use the machine too."""

OBJECTIVES: dict[str, Any] = {
    "routes": {"GET /orders": "critical", "GET /visits": "high", "GET /reports": "low", "GET /quotes": "low"},
    "classes": {
        "critical": {"response_time_seconds": {"excellent": 0.1, "good": 0.2, "warning": 0.4, "critical": 0.8}},
        "high": {"throughput": {"floor": 1}},
    },
    "excluded_routes": ["/broken/*"],
    "thresholds": {"event_loop_lag_seconds": {"warning": LATE_SECONDS, "critical": "off"}},
    "sample_interval_seconds": SCRAPE_SECONDS,
    "blocked_loop_seconds": "off",
}


@dataclass(frozen=True)
class Break:
    """A fault, in the service of that name, and what is to be heard of it."""

    service: str
    alert: str
    severity: str
    first: str
    """What the description says to look at first."""
    besides: frozenset[str] = frozenset()
    """Other alerts that the same fault may raise."""

    @property
    def what(self) -> tuple[str, str, str]:
        return self.service, self.alert, self.severity


SLOW = frozenset({"ApiLatencyHigh", "ApiLatencyBudgetBurn", "ApiSlaBreached"})
FAILING = frozenset({"ApiErrorRateHigh", "ApiAvailabilityBudgetBurn", "ApiSlaBreached"})
BREAKS = (
    Break("database", "ApiResponseTimeHigh", "critical", "Look first at database", SLOW),
    Break("errors", "ApiErrorSpike", "critical", "Look first at ConnectionError in GET /payments", FAILING),
    Break("silence", "ApiThroughputLow", "warning", "look first at what sends it its requests"),
    Break("stopped", "ApiDown", "critical", "Look first at whether the service answers", FAILING | {"ApiErrorSpike"}),
    Break("threads", "ApiThreadPoolFull", "critical", "GET /reports", frozenset({"ApiSlaBreached"})),
    Break("loop", "ApiEventLoopBlocked", "warning", "GET /quotes", frozenset({"ApiSlaBreached"})),
    Break("memory", "ApiMemoryHigh", "warning", "the process itself has"),
)
ACKNOWLEDGED = BREAKS[5]
CALLED = [broken for broken in BREAKS if broken.service != "stopped"]
"""Those that live to have their callback called."""
BEFORE_IT_STOPPED = ("stopped", "ApiErrorSpike", "critical")
LOAD = {
    "database": ("/orders", 6, 0.5),
    "errors": ("/payments", 2, 0.5),
    "silence": ("/visits", 2, 0.5),
    "stopped": ("/payments", 2, 0.5),
    "threads": ("/reports", 50, 2.0),
    "loop": ("/quotes", 1, SCRAPE_SECONDS),
    "memory": ("/quotes", 1, 0.5),
}
"""Path, clients, and how often each asks: a load that the services bear."""
breaks = pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.service)


class Story:
    """Breaks and repairs, and keeps what was seen and heard for the tests to ask about."""

    def __init__(self, world: World, database: Any, process: ExitStack, load: ExitStack) -> None:
        self._world, self._database, self._process, self._load = world, database, process, load
        self._visits = Event()
        self.before: list[Told] = []
        """What was told while nothing was broken."""
        self.acknowledged: list[dict[str, Any]] = []
        """What `apivitals alerts list` said of the alert once it was acknowledged."""
        self.silenced: list[dict[str, Any]] = []
        """What Alertmanager's API did."""
        self.while_broken: list[Told] = []
        """What was told until the repair."""
        self.told: list[Told] = []
        self.own: dict[str, list[tuple[str, str, str]]] = {}
        """What the callback of each service was told of it."""
        self.quiet: list[tuple[dict[str, str], set[str]]] = []
        """Labels of what was inhibited, and the names of what did it."""
        self.pages: list[Any] = []
        """What PagerDuty was sent."""
        self.unseen: dict[str, float] = {}
        """How many scrapes of each service failed, as one does that a busy machine answers too late."""
        self.heartbeats = 0

    def play(self) -> None:
        """Play it. What does not come is waited for so long; the tests then miss it."""
        for name in LOAD:
            self._visit(name)
        self._world.wait(lambda: False, BASELINE_SECONDS)
        self.before, self.heartbeats = self._world.told(), len(self._world.posted("/heartbeat"))
        for broken in BREAKS:
            self._break(broken.service)
        self._until(BEFORE_IT_STOPPED)
        self._process.close()
        self._until(ACKNOWLEDGED.what)
        self._acknowledge()
        self._until(*(broken.what for broken in BREAKS))
        self.while_broken = self._world.told()
        for broken in BREAKS:
            self._repair(broken.service)
        self._until(BEFORE_IT_STOPPED, *(broken.what for broken in BREAKS), status="resolved")
        self._world.wait(self._callbacks_are_through, MOST_SECONDS)
        self.told = self._world.told()
        self.own = {name: service.told() for name, service in self._world.services.items()}
        self.quiet = self._world.inhibited()
        self.pages = self._world.posted("/pagerduty")
        failed = "sum by (job) (count_over_time(up[1h]) - sum_over_time(up[1h]))"
        self.unseen = {labels["job"]: number for labels, number in query(self._world.prometheus, failed)}

    def most_times(self, broken: Break) -> float:
        """How often an alert may come: once, and again when its service was not seen meanwhile."""
        return 1 + (self.unseen[broken.service] if broken in CALLED else 0)

    def heard(self, broken: Break, status: str) -> list[Told]:
        """Each time that the alert was told."""
        return [told for told in self.told if told.what == broken.what and told.status == status]

    def _until(self, *alerts: tuple[str, str, str], status: str = "firing") -> None:
        def there() -> bool:
            return set(alerts) <= {told.what for told in self._world.told() if told.status == status}

        self._world.wait(there, MOST_SECONDS)

    def _callbacks_are_through(self) -> bool:
        through = ((self._world.services[one.service], (one.alert, one.severity, "resolved")) for one in CALLED)
        return all(end in service.told() for service, end in through)

    def _break(self, name: str) -> None:
        if name == "database":
            self._database.execute(orders(SLOW_SECONDS))
        elif name == "silence":
            self._visits.set()
        else:
            self._world.services[name].break_it("errors" if name == "stopped" else name)

    def _repair(self, name: str) -> None:
        if name == "database":
            self._database.execute(orders(0))
        elif name == "silence":
            self._visit(name)
        elif name == "stopped":
            self._process.enter_context(self._world.services[name].started())
        else:
            self._world.services[name].repair(name)

    def _visit(self, name: str) -> None:
        path, clients, every_seconds = LOAD[name]
        url = self._world.services[name].url + path
        ended = self._load.enter_context(steady_load(url, clients, every_seconds))
        if name == "silence":
            self._visits = ended

    def _acknowledge(self) -> None:
        """Take the alert, look, and give it back: what ends while it is silenced is not told to have ended."""
        name = ACKNOWLEDGED.alert
        self._world.command("ack", name, "--author", "alice", "-m", "rolling back", "--for", "10m")
        self.acknowledged = json.loads(self._world.command("list", "--json", "--match", f'alertname="{name}"'))
        self.silenced = [one for one in self._world.alertmanager.alerts() if one["labels"]["alertname"] == name]
        self._world.command("unack", name)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Break everything, wait for the alerts, repair everything, and wait for the ends."""
    directory = tmp_path_factory.mktemp("alerting")
    write(directory, OBJECTIVES)
    with ExitStack() as stack:
        postgres = stack.enter_context(postgresql())
        address = f"postgresql://postgres@127.0.0.1:{postgres.port}/postgres"
        database = stack.enter_context(psycopg.connect(address, autocommit=True))
        database.execute(orders(0))
        services = {name: Service(name, directory, **environment(name, address)) for name in LOAD}
        process = stack.enter_context(ExitStack())
        stack.enter_context(together(service.started() for name, service in services.items() if name != "stopped"))
        process.enter_context(services["stopped"].started())
        world = stack.enter_context(watched(services.values(), directory, lambda: with_threshold(services["memory"])))
        story = Story(world, database, process, stack.enter_context(ExitStack()))
        story.play()
    return story


def orders(seconds: float) -> str:
    """Define what the database is asked for, which takes so long."""
    body = f"SELECT 42 FROM pg_sleep({seconds})"  # noqa: S608  # a number of ours
    return f"CREATE OR REPLACE FUNCTION orders() RETURNS int LANGUAGE sql AS '{body}'"


def environment(name: str, database: str) -> dict[str, str]:
    """Give a service its database, or its machine: all have the same one, and only one is to tell of it."""
    sources = "host,gpu" if name == "memory" else "host,gpu,container"
    common = {"APIVITALS_DISABLED_SOURCES": sources, "BLOCK_SECONDS": str(BLOCK_SECONDS)}
    return common | ({"DATABASE_URL": database} if name == "database" else {})


def with_threshold(service: Service) -> dict[str, Any]:
    """Put the threshold just above the memory that is used; others keep the machine's CPU busy."""
    used, limit = service.memory()
    percent = round(100 * (used + ROOM_MEBIBYTES * MEBIBYTE / limit), 3)
    memory = {"memory_percent": {"warning": percent}, "cpu_percent": "off", "pressure_percent": "off"}
    return OBJECTIVES | {"thresholds": OBJECTIVES["thresholds"] | memory}


def test_what_is_not_broken_tells_nobody(story):
    assert story.before == []
    assert story.heartbeats > BASELINE_SECONDS / 10  # the dead man's switch


@breaks
def test_the_right_alert_is_told_once_and_once_that_it_is_over(story, broken):
    fired, over = story.heard(broken, "firing"), story.heard(broken, "resolved")
    assert [(one.labels, one.starts_at) for one in over] == [(one.labels, one.starts_at) for one in fired]
    assert 1 <= len({one.starts_at for one in fired}) == len(fired) <= story.most_times(broken)
    assert all(story.told.index(begin) < story.told.index(end) for begin, end in zip(fired, over, strict=True))


@breaks
def test_it_says_what_to_look_at_first(story, broken):
    fired = story.heard(broken, "firing")[0]
    assert broken.first in fired.annotations["description"]
    assert broken.service in fired.annotations["summary"]
    assert fired.annotations["runbook_url"].endswith(f"#{broken.alert.lower()}")


@breaks
def test_nothing_else_is_told_of_it(story, broken):
    names = {told.labels["alertname"] for told in story.told if told.labels.get("job") == broken.service}
    assert names <= {broken.alert} | broken.besides


@pytest.mark.parametrize("broken", CALLED, ids=lambda broken: broken.service)
def test_the_callback_of_the_service_is_told_the_same(story, broken):
    told = [status for *what, status in story.own[broken.service] if what == [broken.alert, broken.severity]]
    assert told == ["firing", "resolved"] * len(story.heard(broken, "firing")) != []


def test_what_is_acknowledged_on_the_command_line_is_silenced(story):
    (listed,), (silenced,) = story.acknowledged, story.silenced
    assert (listed["name"], listed["job"], listed["state"]) == (ACKNOWLEDGED.alert, ACKNOWLEDGED.service, "acked")
    (silence,) = listed["silences"]
    assert (silence["author"], silence["comment"]) == ("alice", "rolling back")
    assert silenced["status"] == {"state": "suppressed", "silencedBy": [silence["id"]], "inhibitedBy": []}


def test_a_service_that_is_down_has_no_other_news(story):
    def statuses(told):
        return [(one.labels["alertname"], one.status) for one in told if one.labels.get("job") == "stopped"]

    assert statuses(story.while_broken)[0] == ("ApiErrorSpike", "firing")
    assert statuses(story.while_broken)[-1] == ("ApiDown", "firing")
    assert ("ApiErrorSpike", "resolved") in statuses(story.told)  # it ended while the service was down
    kept_quiet = {
        labels["alertname"] for labels, by in story.quiet if labels.get("job") == "stopped" and by == {"ApiDown"}
    }
    assert {"ApiErrorSpike", "ApiAvailabilityBudgetBurn"} <= kept_quiet


def test_what_is_critical_is_not_told_as_a_warning_too(story):
    assert ("database", "ApiResponseTimeHigh", "warning") not in {told.what for told in story.told}
    assert any(
        (labels["job"], labels["alertname"], labels["severity"]) == ("database", "ApiResponseTimeHigh", "warning")
        and by == {"ApiResponseTimeHigh"}
        for labels, by in story.quiet
    )


def test_a_page_says_it_all_on_a_phone(story):
    """Whoever is paged reads what is wrong, how bad it is, since when, and what to look at first."""
    page = next(one for one in story.pages if "p95 response time" in one["payload"]["summary"])
    assert page["payload"]["summary"].startswith("CRITICAL critical-priority requests of database: p95 response time")
    details = page["payload"]["custom_details"]["firing"]
    for part in ("the threshold is 0.8 s", "Look first at database", "GET /orders", "Since 20", "Runbook: https://"):
        assert part in details
