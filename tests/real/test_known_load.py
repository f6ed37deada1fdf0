"""A known load on a real uvicorn, scraped by a real Prometheus: its answers are the client's own numbers."""

import bisect
from collections import Counter

import pytest

from tests.real.load import Books, Request, percentile, run
from tests.support.prometheus import query, scrape_configuration, value, wait_for_scrape
from tests.support.servers import Server, needs, prometheus, uvicorn

pytest.importorskip("fastapi", reason="the service under load is a FastAPI one")

DURATION = "http_server_request_duration_seconds"
REQUEST_BYTES = "http_server_request_body_size_bytes"
RESPONSE_BYTES = "http_server_response_body_size_bytes"
BOUNDS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.25, 0.5, 0.75, 1, 2, 2.5, 5, 7.5, 10, 30]
DELAYS_MILLISECONDS = {15: 60, 60: 30, 160: 10}
"""How many requests with which delay: p50, p90 and p95 lie in different buckets, well inside each."""

LOAD = [
    *(
        Request("GET", f"/delay/{milliseconds}", "/delay/{milliseconds}")
        for milliseconds, count in DELAYS_MILLISECONDS.items()
        for _ in range(count)
    ),
    *(Request("GET", f"/size/{size}", "/size/{size}") for size in (0, 1, 99, 100, 101, 65_536, 1_000_003)),
    *(Request("GET", f"/chunks/{count}", "/chunks/{count}") for count in (0, 1, 7, 50)),
    *(Request("POST", "/upload", "/upload", b"u" * size) for size in (0, 1, 100, 4097, 250_000)),
    *(Request("POST", "/upload", "/upload", b"c" * size, chunked=True) for size in (2, 100, 300_001)),
    *(Request("GET", "/busy", "/busy") for _ in range(5)),
    *(Request("GET", "/broken", "/broken") for _ in range(4)),
    *(Request("GET", f"/typed/{what}", "/typed/{number}") for what in ("1", "2", "three")),
    *(Request("DELETE", "/upload", "/upload") for _ in range(3)),
    *(Request("GET", f"/wp-login-{number}.php", "") for number in range(20)),
]


@pytest.fixture(scope="module")
def measured():
    """Run the load once; the Prometheus that watched it, and the client's books."""
    needs("prometheus")
    with uvicorn("tests.real.apps.known:app") as service, prometheus(scrape_configuration(service.port)) as server:
        wait_for_scrape(server)
        books = run(service.port, LOAD, clients=4)
        wait_for_scrape(server)
        yield server, books


def by_route_and_status(server: Server, name: str) -> Counter[tuple[str, str]]:
    found = query(server, f"sum by (http_route, http_response_status_code) ({name})")
    return Counter(
        {
            (labels.get("http_route", ""), labels.get("http_response_status_code", "")): round(number)
            for labels, number in found
        }
    )


def by_route(server: Server, name: str) -> Counter[str]:
    found = query(server, f"sum by (http_route) ({name})")
    return Counter({labels.get("http_route", ""): round(number) for labels, number in found})


def test_load_is_what_the_test_means_it_to_be(measured: tuple[Server, Books]):
    _, books = measured
    assert sum(books.counts.values()) == len(LOAD)
    assert {status for _, status in books.counts} == {"200", "404", "405", "422", "500", "503"}


@pytest.mark.parametrize("name", [DURATION, REQUEST_BYTES, RESPONSE_BYTES])
def test_counts_are_equal_for_each_route_and_status(measured: tuple[Server, Books], name: str):
    server, books = measured
    assert by_route_and_status(server, f"{name}_count") == books.counts


def test_request_bytes_are_equal_for_each_route(measured: tuple[Server, Books]):
    server, books = measured
    assert by_route(server, f"{REQUEST_BYTES}_sum") == books.sent_bytes


def test_response_bytes_are_equal_for_each_route(measured: tuple[Server, Books]):
    server, books = measured
    assert by_route(server, f"{RESPONSE_BYTES}_sum") == books.received_bytes


def test_failures_say_what_they_were(measured: tuple[Server, Books]):
    server, books = measured
    found = query(server, f'sum by (http_route, error_type) ({DURATION}_count{{error_type!=""}})')
    assert {(labels["http_route"], labels["error_type"]): number for labels, number in found} == {
        ("/broken", "LookupError"): books.counts["/broken", "500"],
        ("/busy", "503"): books.counts["/busy", "503"],
    }


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.95, 0.99])
def test_quantiles_are_between_the_delays_and_one_bucket_over_the_clients(
    measured: tuple[Server, Books], quantile: float
):
    server, books = measured
    buckets = f'{DURATION}_bucket{{http_route="/delay/{{milliseconds}}"}}'
    # Rounded, since a quantile at a bucket's bound may come out a little beyond it
    estimated = round(value(server, f"histogram_quantile({quantile}, sum by (le) ({buckets}))"), 6)
    seen = percentile(books.seconds["/delay/{milliseconds}"], quantile)
    delays = [milliseconds / 1000 for milliseconds, count in DELAYS_MILLISECONDS.items() for _ in range(count)]
    least, found, most = (
        bisect.bisect_left(BOUNDS_SECONDS, seconds) for seconds in (percentile(delays, quantile), estimated, seen)
    )
    assert least <= found <= most + 1, f"Prometheus {estimated * 1000:.1f} ms, client {seen * 1000:.1f} ms"


def test_sum_of_durations_holds_the_delays_and_is_below_the_clients(measured: tuple[Server, Books]):
    server, books = measured
    seconds = value(server, f'sum({DURATION}_sum{{http_route="/delay/{{milliseconds}}"}})')
    early = 1  # as uvloop wakes: it counts in whole milliseconds
    asked = sum((milliseconds - early) * count for milliseconds, count in DELAYS_MILLISECONDS.items()) / 1000
    assert asked <= seconds <= sum(books.seconds["/delay/{milliseconds}"])


def test_nothing_is_left_in_flight(measured: tuple[Server, Books]):
    server, _ = measured
    assert value(server, "sum(http_server_active_requests)") == 0


def test_scan_of_unknown_paths_has_an_empty_route(measured: tuple[Server, Books]):
    server, _ = measured
    assert value(server, f'sum({DURATION}_count{{http_response_status_code="404"}})') == 20
    assert query(server, f'{DURATION}_count{{http_route=~".*wp-login.*"}}') == []
