"""Every query of every dashboard, with its variables filled in, in a real Prometheus that has its data."""

import tempfile
import time
from pathlib import Path

import pytest

from tests.dashboards.asking import Asker
from tests.dashboards.sources import OF_A_DASHBOARD, OTHERWISE, Source, source
from tests.dashboards.written import RECENT_SECONDS, RECENT_STEP, written_prometheus
from tests.support.dashboards import Prometheus, Query, Times, queries, shipped_dashboards
from tests.support.servers import eventually, needs
from tools.pictures.watched import SCRAPE_SECONDS, TOLD_SECONDS, watched_demo

SHIPPED = {dashboard.uid.removeprefix("apivitals-"): dashboard for dashboard in shipped_dashboards()}
QUERIES = {name: list(queries(dashboard)) for name, dashboard in SHIPPED.items()}
DEMO_SECONDS = 45


@pytest.fixture(scope="module")
def demo():
    needs("prometheus")
    with watched_demo() as url:
        time.sleep(DEMO_SECONDS)
        prometheus = Prometheus(url)
        end = whole(prometheus)
        yield prometheus, Times(end - DEMO_SECONDS, end, TOLD_SECONDS)


def whole(prometheus: Prometheus) -> float:
    """Find a time at which all that is scraped is there: a scrape that fails takes its series away."""
    asked: list[float] = []

    def is_whole() -> bool:
        asked.append(time.time() - 2 * SCRAPE_SECONDS)  # what was being scraped then has come, or has failed
        return bool(prometheus.instant("min(min_over_time(up[3s])) == 1", asked[-1]))

    eventually(is_whole, "three seconds in which no scrape fails", 120)
    return asked[-1]


@pytest.fixture(scope="module")
def written():
    with tempfile.TemporaryDirectory(prefix="written-") as directory:
        needed = [query for name in QUERIES for query in QUERIES[name] if is_written(query)]
        with written_prometheus(needed, Path(directory)) as server:
            now = time.time() // RECENT_STEP * RECENT_STEP
            yield Prometheus(server.url), Times(now - RECENT_SECONDS + RECENT_STEP, now, RECENT_STEP)


def is_written(query: Query) -> bool:
    """Whether its series are to be written; those of variables are, for they are asked before any panel is."""
    return source(query) is Source.WRITTEN or ": $" in query.where


def test_every_panel_has_one_source():
    """And nothing has one that is not there."""
    assert set(OF_A_DASHBOARD) == set(SHIPPED)
    known = {name for every in QUERIES.values() for query in every for name in (query.where, panel(query))}
    assert set(OTHERWISE) - known == set()


def panel(query: Query) -> str:
    return query.where.rpartition(" [")[0]


def faults(name: str, wanted: Source, asked: tuple[Prometheus, Times]) -> list[str]:
    asker = Asker(SHIPPED[name], *asked)
    return [fault for query in QUERIES[name] if source(query) is wanted for fault in asker.faults(query)]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_demo_has_data_for(name, demo):
    found = faults(name, Source.DEMO, demo)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", SHIPPED)
def test_written_series_are_found_by(name, written):
    found = faults(name, Source.WRITTEN, written)
    assert not found, "\n".join(found)
