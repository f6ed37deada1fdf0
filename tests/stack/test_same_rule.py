"""Rules are told apart by what they say, not by how Prometheus writes it."""

import pytest

from apivitals.slo.rule import Alert, Recording
from apivitals.stack.doctor.prometheus_api import LoadedRule
from apivitals.stack.doctor.same_rule import differing


def loaded(name, expr, held_seconds=0.0):
    return LoadedRule(name, "group", "ok", "", expr, held_seconds)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("sum by (job) (rate(x[5m])) > 0.5", "sum by(job) (rate(x[5m])) > 0.5"),
        ("sum(rate(x[5m])) by (job)", "sum by (job) (rate(x[300s]))"),
        ("x offset 30d > 1e-3", "x offset 4w2d > 0.001"),
        ('x{b="2", a="1"}', "x{a='1',b=`2`}"),
        ('x{route=~"/a\\\\.b|é"}', "x{route=~`/a\\.b|é`}"),
        ("x # 5 of them\n > 1", "x > 1"),
        ("job:x2:rate5m > .5", "job:x2:rate5m > 0.5"),
        ("max_over_time(x[1h30m:5m])", "max_over_time(x[90m:300s])"),
    ],
)
def test_the_same_in_other_words(written, said):
    assert differing([Recording("a", written)], [loaded("a", said)]) == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("x > 0.5", "x > 0.6"),
        ("rate(x[5m])", "rate(x[10m])"),
        ('x{route="/a"}', 'x{route="/b"}'),
        ('x{route="5"}', "x{} > 5"),
        ("x > 0.5", "x > 0.5 and x < 1"),
    ],
)
def test_something_else(written, said):
    assert differing([Recording("a", written)], [loaded("a", said)]) == ["a"]


def test_how_long_an_alert_holds_matters():
    alert = Alert("High", "x > 1", {}, {}, held="5m")
    assert differing([alert], [loaded("High", "x > 1", 300)]) == []
    assert differing([alert], [loaded("High", "x > 1", 0)]) == ["High"]


def test_rules_of_other_services_do_not_matter():
    rules = [Recording("a", "x > 1"), Recording("a", "x > 2")]
    assert differing(rules, [loaded("a", f"x > {number}") for number in (3, 2, 1)]) == []
    assert differing(rules, [loaded("a", "x > 2"), loaded("a", "x > 3")]) == ["a"]


def test_a_namespace_that_an_operator_writes_into_each_selector_does_not_matter():
    rules = [Recording("a", 'x{route="/a"}'), Recording("a", "x")]
    there = [loaded("a", 'x{namespace="shop"}'), loaded("a", 'x{namespace="shop",route="/a"}')]
    assert differing(rules, there) == differing(rules[::-1], there) == []
    assert differing(rules, [loaded("a", 'x{namespace="shop"}')] * 2) == ["a"]


def test_one_that_is_not_loaded_is_not_one_that_differs():
    assert differing([Recording("a", "x"), Recording("b", "y")], [loaded("a", "x")]) == []
