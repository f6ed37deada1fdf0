"""The profile `scale` for real: what a Prometheus scrapes and records is in VictoriaMetrics, with the same answers.

Windows are those of the shipped rules divided by fifteen, and so is the time between scrapes: 1 s in 20 s.
"""

import math
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import yaml

from apivitals.shipped import shipped
from tests.support.alertmanager import Alertmanager, alertmanager
from tests.support.dashboards import Filled, Prometheus, Times, fillings, queries, references, shipped_dashboards
from tests.support.servers import Server, eventually, needs, prometheus, uvicorn
from tests.support.steady_load import steady_load
from tests.support.time_lapse import TimeLapse
from tests.support.victoria import victoria_metrics, vmalert

pytest.importorskip("fastapi")

LAPSE = TimeLapse(15)
LOOKBACK = LAPSE.duration("5m")
SECONDS = 30.0
WINDOW_SECONDS = 20
WHOLE_SECONDS = 28
"""A window, and so much before it that no counter begins in it."""
ARRIVED_SECONDS = 4
"""What is so much older than the newest sample has arrived, whatever the order."""

AS_WRITTEN = 1e-9
"""VictoriaMetrics keeps a sample as a decimal number."""
COMPUTED = 1e-6
ONE_SCRAPE = 0.15
"""Of the greatest value in an answer. Prometheus extrapolates a counter to its window, VictoriaMetrics begins with the
last sample before it: they differ by what comes in one scrape, a twentieth of a window, or more if that is late."""
MOST = 0.5
"""The same where a counter rises in bursts, as on a machine that is busy with something else: allowed to a few."""
FEW = 0.05
ANY = 1.0
"""Allowed to what has the same series. Nothing above zero differs by more."""
RARE = re.compile(r"gc_pause|event_loop_lag|pressure_(?:stalled|waiting)|cpu_throttled")
"""Counters that stand still, and then rise in one scrape: where that is the first of a window, Prometheus sees nothing
of it, and VictoriaMetrics all."""
QUANTILE = 0.9
"""Of a quantile of few events: one event more may be some buckets further."""
MOST_LATE_SECONDS = 60.0
MOST_UNEVEN_SECONDS = 240.0
"""For so long a machine may have so much other work that scrapes fail."""
BEFORE_1_121 = ('=~".+|"', '=~".*"')
"""Which takes the former for `.+`. https://github.com/VictoriaMetrics/VictoriaMetrics/issues/9290"""

RAW = (
    "sum by (job) (rate(http_server_request_duration_seconds_count[20s]))",
    "sum by (http_route) (increase(http_server_request_duration_seconds_count[20s]))",
    "histogram_quantile(0.95, sum by (le) (rate(http_server_request_duration_seconds_bucket[20s])))",
    "sum by (component) (rate(apivitals_http_server_component_duration_seconds_sum[20s]))",
    "sum(rate(apivitals_cache_requests_total{result='hit'}[20s])) / sum(rate(apivitals_cache_requests_total[20s]))",
    "max by (job) (process_memory_usage_bytes)",
    "count by (le) (apivitals_http_server_time_to_first_byte_seconds_bucket)",
    "time() - process_start_time_seconds",
)

LOAD = {"/papers/7": 0.1, "/prints": 0.2, "/advice": 0.3}
"""How often each is asked for, in seconds."""

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Story:
    """What ran, and the time that all is asked for."""

    prometheus: Server
    everything: Server
    """VictoriaMetrics with all that Prometheus scraped and recorded."""
    ruled: Server
    """One with what it scraped, and what vmalert makes of that: it reads from where it writes to, as in the profile."""
    told: Alertmanager
    rules: Path
    at: int


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run a service under load, a Prometheus that scrapes it and evaluates the rules, and two whom it writes to."""
    needs("prometheus", "victoria-metrics", "vmalert")
    with tempfile.TemporaryDirectory(prefix="scale-") as name, ExitStack() as started:
        directory = Path(name)
        rules = directory / "rules"
        shutil.copytree(shipped("prometheus/rules"), rules)
        LAPSE.rules(rules.glob("*.yml"))
        kiosk = started.enter_context(uvicorn("tests.stack.apps.kiosk:app"))
        for path, every_seconds in LOAD.items():
            started.enter_context(steady_load(kiosk.url + path, 1, every_seconds))
        everything, ruled = (started.enter_context(store()) for _ in range(2))
        written = configuration(kiosk, rules, everything, ruled)
        scraping = started.enter_context(prometheus(written, f"--query.lookback-delta={LOOKBACK}"))
        told = started.enter_context(alertmanager(shipped("alertmanager/alertmanager.yml")))
        started.enter_context(ruler(directory / "sooner", ruled, told))
        time.sleep(SECONDS)
        at = a_good_moment(scraping)
        for one in (everything, ruled):
            eventually(partial(has_samples_after, one, at + ARRIVED_SECONDS), "samples arrive", MOST_LATE_SECONDS)
        yield Story(scraping, everything, ruled, told, rules, at)


def a_good_moment(server: Server) -> int:
    """Wait for a time before which no scrape has failed, as some do on a busy machine."""
    moments: list[int] = []
    whole = f"count_over_time(up[{WHOLE_SECONDS}s]) and min_over_time(up[{WHOLE_SECONDS}s]) == 1"

    def found() -> bool:
        now = int(time.time()) - 1
        if any(scrapes >= WHOLE_SECONDS - 2 for scrapes in instant(server, whole, now).values()):
            moments.append(now)
        return bool(moments)

    eventually(found, f"{WHOLE_SECONDS} s without a scrape that failed", MOST_UNEVEN_SECONDS)
    return moments[0]


def store() -> AbstractContextManager[Server]:
    """VictoriaMetrics, which otherwise leaves out the last half minute, and looks back by the time between samples."""
    return victoria_metrics(
        "-search.latencyOffset=0s", f"-search.maxStalenessInterval={LOOKBACK}", "-search.disableCache"
    )


def ruler(rules: Path, place: Server, told: Alertmanager) -> AbstractContextManager[Server]:
    """Run vmalert with the shipped rules, evaluated every few seconds and otherwise as they are."""
    shutil.copytree(shipped("prometheus/rules"), rules)
    for file in rules.glob("*.yml"):
        content = yaml.safe_load(file.read_text())
        for group in content["groups"]:
            group["interval"] = "4s"
        file.write_text(yaml.safe_dump(content))
    return vmalert(
        f"-rule={rules}/*.yml",
        f"-datasource.url={place.url}",
        f"-remoteWrite.url={place.url}",
        "-remoteWrite.flushInterval=500ms",
        f"-notifier.url={told.url}",
    )


def configuration(kiosk: Server, rules: Path, everything: Server, ruled: Server) -> str:
    in_order = {"batch_send_deadline": "200ms", "max_shards": 1}
    recorded = {"source_labels": ["__name__"], "regex": ".*:.*|ALERTS.*", "action": "drop"}
    return yaml.safe_dump(
        {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "rule_files": [f"{rules}/*.yml"],
            "remote_write": [
                {"url": f"{everything.url}/api/v1/write", "queue_config": in_order},
                {"url": f"{ruled.url}/api/v1/write", "queue_config": in_order, "write_relabel_configs": [recorded]},
            ],
            "scrape_configs": [{"job_name": "kiosk", "static_configs": [{"targets": [f"127.0.0.1:{kiosk.port}"]}]}],
        }
    )


def has_samples_after(server: Server, at: float) -> bool:
    return any(value > at for value in instant(server, "timestamp(up)", time.time()).values())


def recording_rules(rules: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(rules.glob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from ((rule["record"], rule["expr"]) for rule in group["rules"] if "record" in rule)


def instant(server: Server, expr: str, at: float) -> dict[Labels, float]:
    """Evaluate it at one time; without the name of a metric, which VictoriaMetrics leaves in more answers."""
    return {named(series.labels): series.points[-1][1] for series in Prometheus(server.url).instant(expr, at)}


def named(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted((name, value) for name, value in labels.items() if name != "__name__"))


def difference(one: Mapping[Labels, float], other: Mapping[Labels, float]) -> float:
    """Return the most that two answers differ by, relative to the greatest value; infinity if one has other series."""
    values = [abs(value) for value in (*one.values(), *other.values()) if math.isfinite(value)]
    if one.keys() != other.keys() or any(math.isfinite(one[labels]) != math.isfinite(other[labels]) for labels in one):
        return math.inf
    apart = [abs(one[labels] - other[labels]) for labels in one if math.isfinite(one[labels])]
    return max(apart, default=0.0) / (max(values, default=0.0) or 1.0)


def in_order(answer: Mapping[Labels, float]) -> dict[Labels, float]:
    """Return the values by their place."""
    return {(("place", str(place)),): value for place, value in enumerate(sorted(answer.values()))}


def of_counters(expr: str) -> bool:
    return "rate(" in expr or "increase(" in expr


def is_quantile(expr: str) -> bool:
    return "histogram_quantile" in expr and of_counters(expr)


def without_unseen(expr: str, here: dict[Labels, float], there: dict[Labels, float]) -> dict[Labels, float]:
    """Return what VictoriaMetrics has; without quantiles of a rare counter of which Prometheus sees nothing."""
    return {
        labels: there[labels] for labels in there if labels in here or not is_quantile(expr) or not RARE.search(expr)
    }


def allowed(expr: str) -> float:
    if is_quantile(expr):
        return QUANTILE
    if of_counters(expr) and RARE.search(expr):
        return ANY
    # A sample at the very begin of a window is in Prometheus', and not in VictoriaMetrics'.
    return ONE_SCRAPE if of_counters(expr) or "_over_time(" in expr else COMPUTED


def too_many_too_far(found: list[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    """Return what is too far off, where a burst does not excuse it."""
    excused = [each for each in too_far(found) if each[2] == ONE_SCRAPE and each[1] <= MOST]
    return (
        too_far(found) if len(excused) > FEW * len(found) else [each for each in too_far(found) if each not in excused]
    )


def too_far(found: Iterable[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    return [each for each in found if each[1] > each[2]]


def test_recorded_series_arrive_as_they_are(story: Story):
    found, series = [], 0
    for name in sorted({name for name, _ in recording_rules(story.rules)}):
        here, there = (instant(server, name, story.at) for server in (story.prometheus, story.everything))
        series += len(here)
        found.append((name, difference(here, there), AS_WRITTEN))
    assert too_far(found) == []
    assert series > 500


def test_rules_give_the_same_there(story: Story):
    """Each expression, on the same samples at the same time."""
    found = []
    for name, expr in recording_rules(story.rules):
        here, there = (instant(server, expr, story.at) for server in (story.prometheus, story.everything))
        found.append((f"{name}: {expr}", difference(here, there), allowed(expr)))
    assert too_many_too_far(found) == []
    assert len(found) > 100


@pytest.mark.parametrize("expr", RAW)
def test_queries_of_raw_series_give_the_same_there(expr: str, story: Story):
    here, there = (instant(server, expr, story.at) for server in (story.prometheus, story.everything))
    assert here
    assert difference(here, there) <= (MOST if allowed(expr) == ONE_SCRAPE else allowed(expr))


def test_queries_of_dashboards_give_the_same_there(story: Story):
    asked = Prometheus(story.prometheus.url)
    # No longer than all there is has been there, and a scrape of 5 s, which makes the window of a rate as long.
    times = Times(story.at - WINDOW_SECONDS, story.at, 5.0)
    found, answered = [], 0
    for dashboard in shipped_dashboards():
        try:
            chosen = fillings(dashboard, asked, times)["All"]
        except AssertionError:
            continue  # what it is about, the demo has not: GPUs
        for query in queries(dashboard):
            if references(query.expr) & set(dashboard.variables) <= set(chosen):
                expr = Filled(chosen, times).query(LAPSE.query(query.expr)).replace(*BEFORE_1_121)
                here, there = (instant(server, expr, story.at) for server in (story.prometheus, story.everything))
                there = without_unseen(expr, here, there)
                answered += bool(here)
                if expr.startswith("topk("):  # of equal ones, any may be left out
                    here, there = in_order(here), in_order(there)
                found.append((f"{query.where}: {expr}", difference(here, there), allowed(expr)))
    assert too_many_too_far(found) == []
    assert answered > 50 or not shipped_dashboards()


class TestVmalert:
    def test_takes_every_file_that_ships(self):
        needs("vmalert")
        files = [f"-rule={shipped('prometheus/rules')}/apivitals-*.yml", "-rule=compose/vmalert.rules.yml"]
        done = subprocess.run(["vmalert", "-dryRun", *files], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr

    def test_records_the_same(self, story: Story, tmp_path: Path):
        """Of the samples that Prometheus had, at one time: vmalert's replay needs nobody to wait for intervals."""
        for file in story.rules.glob("*.yml"):
            content = yaml.safe_load(file.read_text())
            for group in content["groups"]:
                group["rules"] = [rule for rule in group["rules"] if "record" in rule]
            content["groups"] = [group for group in content["groups"] if group["rules"]]
            (tmp_path / file.name).write_text(yaml.safe_dump(content))
        with store() as recorded:
            begin, end = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)) for at in (story.at, story.at + 1))
            command = [
                "vmalert",
                f"-rule={tmp_path}/*.yml",
                f"-datasource.url={story.everything.url}",
                f"-remoteWrite.url={recorded.url}",
                f"-replay.timeFrom={begin}",
                f"-replay.timeTo={end}",
                "-replay.rulesDelay=1ms",
                "-replay.disableProgressBar",
                f"-datasource.queryStep={LOOKBACK}",
                "-loggerLevel=ERROR",
            ]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
            wanted = {name: made for name, made in expected(story).items() if made}
            with suppress(AssertionError):  # what is missing is named below
                eventually(lambda: all(instant(recorded, name, story.at) for name in wanted), "all is stored")
            exprs = together(recording_rules(story.rules))
            found = [
                (name, difference(made, instant(recorded, name, story.at)), max(map(allowed, exprs[name])))
                for name, made in wanted.items()
            ]
        assert too_many_too_far(found) == []
        assert len(found) > 80

    def test_evaluates_on_its_own_and_tells_alertmanager(self, story: Story):
        """Each rule finds what earlier ones have recorded: three of them build on each other here."""
        for level in ("job_route", "job_priority", "job"):
            name = f"{level}:http_requests:rate5m"
            eventually(partial(has, story.ruled, name), name, MOST_LATE_SECONDS)
        eventually(
            lambda: "ApiWatchdog" in {alert["labels"]["alertname"] for alert in story.told.alerts()},
            "the watchdog is told",
            MOST_LATE_SECONDS,
        )


def together(rules: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, expr in rules:
        found.setdefault(name, []).append(expr)
    return found


def has(server: Server, expr: str) -> bool:
    return bool(instant(server, expr, time.time()))


def expected(story: Story) -> dict[str, dict[Labels, float]]:
    """What Prometheus would record at that time, by name."""
    found: dict[str, dict[Labels, float]] = {}
    for file in sorted(story.rules.glob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                if "record" in rule:
                    made = instant(story.prometheus, rule["expr"], story.at)
                    own = rule.get("labels", {})
                    found.setdefault(rule["record"], {}).update(
                        {named(dict(labels) | own): value for labels, value in made.items()}
                    )
    return found
