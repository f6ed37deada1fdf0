"""Reading /metrics, and the increase between two readings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apivitals.demo.scrape import Scrape, parse

TEXT = """\
# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{route="/a",method="GET"} 3
requests_total{method="GET",route="/b \\"quoted\\""} 4.5
# HELP seconds Durations.
# TYPE seconds histogram
seconds_bucket{le="0.1"} 1
seconds_bucket{le="+Inf"} 2
seconds_sum 0.7
seconds_count 2
"""


def counter(**values):
    return {((("route", route),)): float(value) for route, value in values.items()}


def scrape_of(at_seconds, **values):
    return Scrape(at_seconds, {"requests_total": counter(**values)})


def test_samples_are_found_by_name_and_label_set_in_any_order():
    scrape = parse(TEXT, at_seconds=7)
    assert scrape.at_seconds == 7
    assert scrape.values("requests_total") == {
        (("method", "GET"), ("route", "/a")): 3.0,
        (("method", "GET"), ("route", '/b "quoted"')): 4.5,
    }
    assert scrape.values("seconds_bucket") == {(("le", "0.1"),): 1.0, (("le", "+Inf"),): 2.0}
    assert scrape.values("seconds_sum") == {(): 0.7}


def test_what_is_left_out_is_not_there_and_everything_else_is():
    scrape = parse(TEXT, at_seconds=0, without=("seconds_bucket", "requests"))
    assert set(scrape.samples) == {"requests_total", "seconds_sum", "seconds_count"}
    assert len(scrape.values("requests_total")) == 2


def test_an_unknown_name_has_no_samples():
    assert dict(parse(TEXT, at_seconds=0).values("nothing_like_it")) == {}


def test_a_text_in_another_format_is_refused():
    with pytest.raises(ValueError, match=r".*"):
        parse("<html>not found</html>", at_seconds=0)


def test_increase_takes_new_series_from_zero_and_restarted_ones_as_new():
    earlier = scrape_of(0, a=10, b=5)
    later = scrape_of(1, a=12, b=3, c=4)
    assert later.increase_since(earlier, "requests_total") == counter(a=2, b=3, c=4)


@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 10**9), st.integers(0, 10**9))))
def test_increase_is_never_negative_and_exact_for_counters_that_rise(values):
    earlier = scrape_of(0, **{name: start for name, (start, _) in values.items()})
    later = scrape_of(1, **{name: start + rise for name, (start, rise) in values.items()})
    assert later.increase_since(earlier, "requests_total") == counter(
        **{name: rise for name, (_, rise) in values.items()}
    )
    assert all(value >= 0 for value in earlier.increase_since(later, "requests_total").values())
