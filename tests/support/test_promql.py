"""What is read from a query's text."""

import pytest

from tests.support.promql import Matcher, NoQueryError, Selector, names


def test_a_selector_has_its_matchers_window_and_functions():
    found = names('sum by (job) (rate(http_requests_total{job=~"$job", code!="5.."}[$__rate_interval]))')
    matchers = (Matcher("job", "=~", "$job"), Matcher("code", "!=", "5.."))
    assert found.selectors == [Selector("http_requests_total", matchers, "$__rate_interval", ("sum", "rate"))]
    assert found.grouped == {"job"}


@pytest.mark.parametrize(
    ("query", "metrics"),
    [
        ("up", ["up"]),
        ("sum(up) by (job)", ["up"]),
        ("a / on (job) group_left (name) b", ["a", "b"]),
        ("a unless b or 0 * c > bool 5", ["a", "b", "c"]),
        ("max_over_time((a + b)[1h:5m])", ["a", "b"]),
        ("a offset 1w == 1e3", ["a"]),
        ("vector(1) + time()", []),
        ('{__name__="a", job="x"}', ["a"]),
        ("topk(5, job:a:rate5m{}) # c", ["job:a:rate5m"]),
        ("count(up == 0) or vector(0)", ["up"]),
        ("-a[5m] @ end()", ["a"]),
        ("a{x='1'} > 0x1F and inf", ["a"]),
    ],
)
def test_only_series_are_metrics(query, metrics):
    assert [one.metric for one in names(query).selectors] == metrics


def test_labels_are_those_that_are_grouped_or_made():
    found = names('label_replace(sum without (le) (a), "made", "$1", "from", "(.*)") * on (job) group_left (version) b')
    assert found.grouped == {"le", "from", "job", "version"}
    assert found.made == {"made"}


@pytest.mark.parametrize("query", ["sum(up", "up)", "up{job=1}", "up{job='1'", "up & down", "sum by (job"])
def test_what_is_no_query_is_refused(query):
    with pytest.raises(NoQueryError):
        names(query)
