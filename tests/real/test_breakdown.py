"""Known delays in a real PostgreSQL, Redis and peer come out in their components."""

import json

import pytest

from tests.support.breakdown import calls_by_component, seconds_by_component
from tests.support.databases import postgresql, redis
from tests.support.exposition import samples
from tests.support.plain_http import get
from tests.support.servers import uvicorn

for package in ("fastapi", "asyncpg", "psycopg", "redis", "httpx", "sqlalchemy"):
    pytest.importorskip(package)

SECONDS = 0.1
RESET = 1
"""asyncpg's pool resets a connection that is given back, which is a query too."""


def near(clock: float):
    """What counts as the same as the service's own clock: 5 % of it or 2 ms."""
    return pytest.approx(clock, rel=0.05, abs=0.002)


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
    before = seconds_by_component(page(service), route)
    clock = ask(service, f"{route}?seconds={SECONDS}")[component]
    after = seconds_by_component(page(service), route)
    assert SECONDS <= after[component] - before[component] == near(clock)


def test_delays_in_turn_are_each_components_own(service):
    clocks = ask(service, f"/in-turn?seconds={SECONDS}")
    found = seconds_by_component(page(service), "/in-turn")
    for component, clock in clocks.items():
        assert SECONDS <= found[component] == near(clock)


def test_delays_at_once_share_the_time_and_do_not_pass_it(service):
    clock = ask(service, f"/at-once?seconds={SECONDS}")
    found = seconds_by_component(page(service), "/at-once")
    exits = {component: found[component] for component in ("database", "cache", "external")}
    assert sum(exits.values()) == near(clock)
    assert min(exits.values()) > SECONDS / 4
    assert calls_by_component(page(service), "/at-once") == {"database": 1 + RESET, "cache": 1, "external": 1}


def test_queries_in_a_loop_are_seen_by_their_number(service):
    ask(service, "/n-plus-1?queries=25")
    assert calls_by_component(page(service), "/n-plus-1") == {"database": 25 + RESET}


def test_the_caches_hits_and_misses_are_told_apart(service):
    for _ in range(3):
        ask(service, "/look-up/it")
    found = page(service)
    assert found.value("apivitals_cache_requests_total", cache="redis", result="miss") == 1
    assert found.value("apivitals_cache_requests_total", cache="redis", result="hit") == 2
