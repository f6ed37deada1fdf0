"""What two scrapes say about each route, each priority and the whole, against values computed by hand."""

import math

import pytest

from apivitals.demo.route import Channel, Route
from apivitals.demo.scrape import Scrape, parse
from apivitals.demo.vital_signs import NOT_READ, compare
from tests.demo.shop_text import EARLIER, LATER, earlier, later

SHOW = Route("GET", "/videos/{video_id}", "high")
CHECKOUT = Route("POST", "/checkout", "critical")
REPORT = Route("GET", "/reports", "low")
LOST = Route("GET", "", "medium")


@pytest.fixture
def report():
    return compare(earlier(), later())


def test_nothing_is_made_of_what_is_not_read(report):
    def scrape(text, at_seconds):
        return parse(text, at_seconds, NOT_READ)

    assert compare(scrape(EARLIER, 100), scrape(LATER, 110)) == report


def test_throughput_is_the_increase_over_the_time_between(report):
    assert report.seconds == 10
    assert report.by_route[SHOW].throughput_per_second == pytest.approx(10)
    assert report.by_route[CHECKOUT].throughput_per_second == pytest.approx(4)
    assert report.by_route[LOST].throughput_per_second == pytest.approx(1)
    assert report.total.throughput_per_second == pytest.approx(15.5)
    assert report.requests_completed == 305


def test_quantiles_are_of_the_increase_alone(report):
    # Of the 100 new ones, 50 are in (0, 0.05] and 50 in (0.05, 0.1]; of all 200 it would be three in four.
    show = report.by_route[SHOW]
    assert show.response_time_p50_seconds == pytest.approx(0.05)
    assert show.response_time_p95_seconds == pytest.approx(0.05 + 0.05 * 45 / 50)
    assert show.response_time_p99_seconds == pytest.approx(0.05 + 0.05 * 49 / 50)


def test_latency_is_not_response_time(report):
    # All 100 first bytes lie in (0, 0.05].
    assert report.by_route[SHOW].latency_p95_seconds == pytest.approx(0.05 * 0.95)


def test_slower_than_every_bound_is_the_highest_bound(report):
    assert report.by_route[REPORT].response_time_p95_seconds == 1.0
    assert report.by_route[REPORT].latency_p95_seconds == pytest.approx(0.5 + 0.5 * 0.95)


def test_statuses_of_a_route_are_one_distribution(report):
    # 40 in (0.05, 0.1], from three series.
    assert report.by_route[CHECKOUT].response_time_p50_seconds == pytest.approx(0.075)


def test_errors_are_counted_by_type_and_as_a_share(report):
    checkout = report.by_route[CHECKOUT]
    assert checkout.errors_per_second == pytest.approx({"502": 0.8, "shop.checkout.PaymentUnclearError": 0.2})
    assert checkout.error_percent == pytest.approx(25)
    assert report.by_route[LOST].error_percent == 0
    assert report.total.error_percent == pytest.approx(100 * 1.0 / 15.5)


def test_bytes_and_requests_in_flight(report):
    assert report.by_route[SHOW].response_bytes_per_second == pytest.approx(2_500_000)
    assert report.by_route[SHOW].in_flight == 3
    assert report.by_route[REPORT].in_flight == 0
    assert report.total.in_flight == 3


def test_priorities_sum_their_routes(report):
    assert {name: vitals.throughput_per_second for name, vitals in report.by_priority.items()} == pytest.approx(
        {"critical": 4, "high": 10, "medium": 1, "low": 0.5}
    )


def test_a_websocket_route_has_its_sessions_and_messages(report):
    assert list(report.channels) == [Channel("/videos/{video_id}/viewers", "medium")]
    (viewers,) = report.channels.values()
    assert viewers.open_sessions == 3
    assert viewers.received_per_second == pytest.approx(5)
    assert viewers.transmitted_per_second == pytest.approx(12)
    assert viewers.closed_per_second == pytest.approx(0.4)
    assert viewers.session_p50_seconds == pytest.approx(0.75)


def test_a_route_that_nobody_used_in_between_has_no_times(report):
    quiet = compare(later(110), later(120)).by_route[SHOW]
    assert quiet.throughput_per_second == 0
    assert math.isnan(quiet.response_time_p95_seconds)
    assert math.isnan(quiet.error_percent)


def test_a_restarted_service_counts_from_zero(report):
    restarted = compare(later(110), earlier(120)).by_route[SHOW]
    assert restarted.throughput_per_second == pytest.approx(10)


def test_nothing_scraped_is_nothing_reported():
    report = compare(Scrape(1), Scrape(2))
    assert not report.by_route
    assert not report.by_priority
    assert not report.channels
    assert report.total.throughput_per_second == 0


def test_the_order_of_the_scrapes_matters():
    with pytest.raises(ValueError, match="must be the later one"):
        compare(later(110), earlier(110))
