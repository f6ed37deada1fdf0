"""Where the time of each route went, against values computed by hand."""

import pytest

from apivitals.demo.between import Between
from apivitals.demo.breakdown import read_breakdowns
from apivitals.demo.route import Route
from tests.demo.shop_text import earlier, later

SHOW = Route("GET", "/videos/{video_id}", "high")
CHECKOUT = Route("POST", "/checkout", "critical")


@pytest.fixture
def breakdowns():
    return read_breakdowns(Between(earlier(), later()))


def test_seconds_are_those_of_the_requests_in_between(breakdowns):
    assert breakdowns[SHOW].seconds == {"database": 3, "endpoint": 1}
    assert breakdowns[CHECKOUT].seconds == pytest.approx({"external": 2.4, "dependencies": 0.2})


def test_the_parts_of_a_request_add_up_to_its_mean_time(breakdowns):
    assert breakdowns[SHOW].mean_seconds == pytest.approx(4 / 100)
    assert breakdowns[CHECKOUT].mean_seconds == pytest.approx(2.6 / 40)


def test_a_share_is_of_the_routes_time(breakdowns):
    assert breakdowns[SHOW].share("database") == pytest.approx(0.75)
    assert breakdowns[SHOW].share("cache") == 0
    assert breakdowns[SHOW].largest() == ["database", "endpoint"]


def test_calls_are_counted_by_request(breakdowns):
    assert breakdowns[SHOW].calls_per_request("database") == pytest.approx(9)
    assert breakdowns[SHOW].calls_per_request("endpoint") == 0
    assert breakdowns[CHECKOUT].calls_per_request("external") == pytest.approx(1)


def test_a_route_that_nobody_used_in_between_has_none():
    assert not read_breakdowns(Between(later(1), later(2)))


def test_routes_without_components_have_none(breakdowns):
    assert set(breakdowns) == {SHOW, CHECKOUT}
