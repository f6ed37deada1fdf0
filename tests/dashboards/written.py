"""Series for queries whose data the demo does not have, written from the catalog into a real Prometheus.

Each selector has a series that fits it, with every label that the catalog says. Recorded series go back a month,
every half hour; what a service shows itself goes back six hours, every minute.
"""

import math
import re
import subprocess
import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from apivitals.catalog import CATALOG
from tests.dashboards.vocabulary import ALERTS, SINCE, counters, vocabulary
from tests.support.dashboards import Query
from tests.support.plain_http import get
from tests.support.promql import Matcher, Selector, names
from tests.support.servers import Server, free_port, needs, running

JOB, INSTANCE = "written", "127.0.0.1:8000"
HISTORY_SECONDS, HISTORY_STEP = 32 * 86400, 1800
RECENT_SECONDS, RECENT_STEP = 6 * 3600, 60
ALERTED_SECONDS = 3600
"""Since when alerts fire: their beginning is among what is shown."""
Labels = tuple[tuple[str, str], ...]
_USUAL = {
    "job": (JOB,),
    "instance": (INSTANCE,),
    "priority": ("critical", "high", "medium", "low"),
    "http_request_method": ("GET",),
    "http_route": ("/written/{item}",),
    "error_type": ("TimeoutError",),
    "alertname": ("ApiSlow",),
    "alertstate": ("firing",),
    "severity": ("critical", "warning"),
}
_NOT_ON_EACH = frozenset({"otel_metric_overflow"})
_OF_AN_ALERT = frozenset({"alertname", "alertstate", "severity", "tier", "job", "priority"})
_WORDS = re.compile(r"[\w. /{}*-]*(?:\|[\w. /{}*-]*)*")
_DAY_SECONDS = 86400


def series(queries: Iterable[Query]) -> dict[str, set[Labels]]:
    """Return the series that these queries need, by metric."""
    made: dict[str, set[Labels]] = {}
    for query in queries:
        for selector in names(query.expr).selectors:
            made.setdefault(selector.metric, set()).update(_fitting(selector))
    return made


def _fitting(selector: Selector) -> Iterator[Labels]:
    known = vocabulary().get(selector.metric)
    if known is not None and selector.metric in {ALERTS, SINCE}:
        labels = known & {*_OF_AN_ALERT, *(matcher.label for matcher in selector.matchers)}
    elif known is None:
        own = {"le"} if selector.metric.endswith("_bucket") else set()
        labels = frozenset({"job", "instance", *own, *(matcher.label for matcher in selector.matchers)})
    else:
        labels = known - _NOT_ON_EACH
    values = {label: list(_values(label, selector)) for label in sorted(labels) if label != "__name__"}
    for chosen in product(*values.values()):
        yield tuple((label, value) for label, value in zip(values, chosen, strict=True) if value)


def _values(label: str, selector: Selector) -> Iterable[str]:
    if label == "le":
        return _bounds(selector.metric)
    matchers = [one for one in selector.matchers if one.label == label and "$" not in one.value]
    wanted = [value for one in matchers if one.operator in {"=", "=~"} for value in _alternatives(one)]
    usual = wanted or _USUAL.get(label, (f"a-{label.replace('_', '-')}",))
    return [value for value in usual if all(_fits(value, one) for one in matchers)]


def _alternatives(matcher: Matcher) -> list[str]:
    """Return values that fit, of a pattern that is a list of words; of others none, and the usual ones are tried."""
    if matcher.operator == "=":
        return [matcher.value]
    return matcher.value.split("|") if _WORDS.fullmatch(matcher.value) and "*" not in matcher.value else []


def _fits(value: str, matcher: Matcher) -> bool:
    if matcher.operator in {"=", "!="}:
        return (value == matcher.value) == (matcher.operator == "=")
    return (re.fullmatch(matcher.value, value) is not None) == (matcher.operator == "=~")


def _bounds(metric: str) -> list[str]:
    found = [one for one in CATALOG if metric == f"{one.exposed}_bucket"]
    bounds = found[0].bounds if found else (0.1, 0.5, 1.0, 2.0, 5.0)
    return [*(str(bound) for bound in bounds), "+Inf"]


def open_metrics(wanted: Mapping[str, Collection[Labels]], end: float) -> Iterator[str]:
    """Yield the text, metric by metric: of gauges all, since only the samples matter to a data base."""
    growing = counters()
    for metric in sorted(wanted):
        yield f"# TYPE {metric} gauge\n"
        is_recorded = ":" in metric
        back, step = (HISTORY_SECONDS, HISTORY_STEP) if is_recorded else (RECENT_SECONDS, RECENT_STEP)
        back = ALERTED_SECONDS if metric in {ALERTS, SINCE} else back
        first = (end - back) // step * step
        times = [first + number * step for number in range(back // step + 1)]
        for labels in sorted(wanted[metric]):
            inside = ",".join(f'{name}="{value}"' for name, value in labels)
            share, size = _share(dict(labels).get("le")), _size(labels)
            grows = metric in growing or metric.endswith("_total")
            for at in times:
                value = share * size * (at - first) if grows else share * _value(metric, at, size)
                yield f"{metric}{{{inside}}} {value:.6g} {at:.0f}\n"
    yield "# EOF\n"


def _share(bound: str | None) -> float:
    """Return how much of a histogram is at most so large."""
    return 1.0 if bound in {None, "+Inf"} else 1 - math.exp(-float(bound or 0))


def _size(labels: Labels) -> float:
    """Return 0.5 to 1, the same for all buckets of one histogram, so that lines can be told apart."""
    inside = ",".join(value for name, value in labels if name != "le")
    return 0.5 + zlib.crc32(inside.encode()) % 1000 / 2000


def _value(metric: str, at: float, own: float) -> float:
    """Return a day's wave, of a size that is usual for what the name says; what says yes or no says yes."""
    wave = 1 + 0.3 * math.sin(2 * math.pi * at / _DAY_SECONDS)
    if metric == SINCE:
        return at // RECENT_SECONDS * RECENT_SECONDS
    if metric == ALERTS or metric.endswith(("_info", ":info", "_up", "up", ":met")):
        return 1.0
    if "rating" in metric:
        return 2.0
    sizes = {"bytes": 1e9, "ratio": 0.02, "utilization": 0.5, "remaining": 0.6, "exhaustion_seconds": 86400.0}
    return next((size for word, size in sizes.items() if word in metric), 1.0) * wave * own


@contextmanager
def written_prometheus(queries: Iterable[Query], directory: Path) -> Iterator[Server]:
    """Run a Prometheus that has data for these queries, and scrapes nothing."""
    needs("prometheus", "promtool")
    text, data = directory / "written.txt", directory / "data"
    with text.open("w") as file:
        file.writelines(open_metrics(series(queries), time.time()))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=768h"]
    done = subprocess.run([*command, str(text), str(data)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"promtool: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    config, port = directory / "prometheus.yml", free_port()
    config.write_text("global: {}\n")
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=90d",
        f"--query.lookback-delta={2 * HISTORY_STEP}s",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]

    def ready() -> bool:
        try:
            return get(f"http://127.0.0.1:{port}/-/ready").status == 200
        except OSError:
            return False

    with running(command, port, ready) as server:
        yield server
