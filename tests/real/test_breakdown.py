"""Known delays in a real PostgreSQL, Redis and peer come out in their components."""

import json
from collections.abc import Callable

import pytest

from tests.real.attempts import attempts
from tests.support.breakdown import calls_by_component, seconds_by_component
from tests.support.databases import postgresql, redis
from tests.support.exposition import samples
from tests.support.plain_http import get
from tests.support.servers import uvicorn

for package in ("fastapi", "asyncpg", "psycopg", "redis", "httpx", "sqlalchemy"):
    pytest.importorskip(package)

SECONDS = 0.1
CLOCK_SECONDS = 0.001
"""So much earlier a sleep may end: uvloop counts in whole milliseconds."""
NEAR = 0.95
RESET = 1
"""asyncpg's pool resets a connection that is given back, which is a query too."""


def assert_near(measure: Callable[[], list[tuple[float, float]]]) -> None:
    """Hold what is found to what the service's own clock around it says: never more, and once at most 5 % less.

    Between the two the service does little, but a busy machine may let it wait there.
    """
    tried = []
    for _ in attempts(20):
        tried.append(measure())
        assert all(found <= clock for found, clock in tried[-1]), tried
        if all(found >= NEAR * clock for found, clock in tried[-1]):
            return
    raise AssertionError(f"found, and the clock's: {tried}")


def by_component(service, route):
    return seconds_by_component(page(service), route)


def gained(service, route):
    """Ask the route to take `SECONDS` for what it does; by how much its components grew, and its own answer."""
    before = by_component(service, route)
    answer = ask(service, f"{route}?seconds={SECONDS}")
    after = by_component(service, route)
    return {component: after[component] - before[component] for component in after}, answer


@pytest.fixture(scope="module")
def service():
    with postgresql() as database, redis() as cache, uvicorn("tests.real.apps.known:app") as peer:
        ports = {"DATABASE_PORT": database.port, "CACHE_PORT": cache.port, "PEER_PORT": peer.port}
        with uvicorn("tests.real.apps.backends:app", env={name: str(port) for name, port in ports.items()}) as server:
            yield server


def ask(service, path):
    answer = get(f"{service.url}{path}")
    assert answer.status == 200, service.log
    return json.loads(answer.body)


def page(service):
    return samples(get(f"{service.url}/metrics").body)


@pytest.mark.parametrize(
    ("route", "component"),
    [("/asyncpg", "database"), ("/sqlalchemy", "database"), ("/redis", "cache"), ("/httpx", "external")],
)
def test_a_known_delay_is_its_components(service, route, component):
    ask(service, f"{route}?seconds=0.001")  # connections are made

    def measure():
        found, clocks = gained(service, route)
        assert found[component] >= SECONDS - CLOCK_SECONDS
        return [(found[component], clocks[component])]

    assert_near(measure)


def test_delays_in_turn_are_each_components_own(service):
    ask(service, "/in-turn?seconds=0.001")

    def measure():
        found, clocks = gained(service, "/in-turn")
        assert all(found[component] >= SECONDS - CLOCK_SECONDS for component in clocks)
        return [(found[component], clock) for component, clock in clocks.items()]

    assert_near(measure)


def test_delays_at_once_share_the_time_and_do_not_pass_it(service):
    ask(service, "/at-once?seconds=0.001")
    assert calls_by_component(page(service), "/at-once") == {"database": 1 + RESET, "cache": 1, "external": 1}
    tried = []
    for _ in attempts(20):
        found, clock = gained(service, "/at-once")
        exits = [found[component] for component in ("database", "cache", "external")]
        tried.append((exits, clock))
        assert sum(exits) <= clock, tried
        if sum(exits) >= NEAR * clock and min(exits) > SECONDS / 4:
            return
    raise AssertionError(f"found, and the clock's: {tried}")


def test_queries_in_a_loop_are_seen_by_their_number(service):
    ask(service, "/n-plus-1?queries=25")
    assert calls_by_component(page(service), "/n-plus-1") == {"database": 25 + RESET}


def test_the_caches_hits_and_misses_are_told_apart(service):
    for _ in range(3):
        ask(service, "/look-up/it")
    found = page(service)
    assert found.value("apivitals_cache_requests_total", cache="redis", result="miss") == 1
    assert found.value("apivitals_cache_requests_total", cache="redis", result="hit") == 2
