"""Which series a route's objectives are about, and how parts of queries are written."""

import re
from decimal import Decimal
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apivitals.objectives import from_mapping
from apivitals.slo.plan import plan_of
from apivitals.slo.promql import Select, duration, glob_regex, le, number, quoted, spelled
from tests.support.objectives import PATTERNS

TEMPLATES = st.lists(st.sampled_from(["{id}", "payments", "reports", "v1", "a"]), min_size=1, max_size=3).map(
    lambda segments: "/" + "/".join(segments)
)
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"')


def matches(matchers, labels):
    """Match as Prometheus does: regular expressions are anchored."""
    for name, operator, text in MATCHER.findall(matchers):
        value, wanted = labels[name], text.replace('\\"', '"').replace("\\\\", "\\")
        equal = re.fullmatch(wanted, value) is not None if "~" in operator else value == wanted
        if equal == operator.startswith("!"):
            return False
    return True


@given(
    patterns=st.lists(PATTERNS, min_size=1, max_size=5, unique=True),
    method=st.sampled_from(["GET", "POST", "PUT"]),
    route=TEMPLATES,
)
def test_a_route_belongs_to_the_first_pattern_that_fits(patterns, method, route):
    objectives = from_mapping({"routes": {pattern: {"objectives": True} for pattern in patterns}})
    labels = {"http_request_method": method, "http_route": route}
    subjects = [subject for subject in plan_of(objectives).subjects if subject.labels.get("pattern")]
    found = [subject.name for subject in subjects if any(matches(each, labels) for each in subject.matchers)]
    first = objectives.route_of(method, route)
    assert found == ([] if first is None else [first])


@given(
    glob=st.text("ab/*?{}.+[]!", min_size=1, max_size=8).filter(lambda glob: "[" not in glob.replace("[ab]", "")),
    route=st.text("ab/{}.+", max_size=8),
)
def test_globs_fit_as_the_service_fits_them(glob, route):
    assert (re.fullmatch(glob_regex(glob), route) is not None) == fnmatchcase(route, glob)


@pytest.mark.parametrize(
    ("value", "text"),
    [(Decimal("0.001"), "0.001"), (Decimal(100) / 100, "1"), (1e-7, "0.0000001"), (2.0, "2"), (86400.0, "86400")],
)
def test_numbers_have_no_noise(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("bound", "values", "others"),
    [(1, ("1", "1.0"), ("10", "1.01", "100")), (0.5, ("0.5",), ("0.50", "5")), (10.0, ("10", "10.0"), ("100",))],
)
def test_a_bucket_is_found_however_its_bound_is_spelled(bound, values, others):
    assert all(matches(le(bound), {"le": value}) for value in values)
    assert not any(matches(le(bound), {"le": value}) for value in others)


def test_selectors():
    select = Select({"job": "shop", "env": 'a"b'})
    assert select("x", 'le="1"', over="5m", before="1w") == 'x{job="shop",env="a\\"b",le="1"}[5m] offset 1w'
    assert Select({})("x") == "x"
    assert quoted("a\nb\\") == '"a\\nb\\\\"'


def test_durations():
    assert [duration(seconds) for seconds in (30, 90, 120, 3600, 86400)] == ["30s", "90s", "2m", "1h", "1d"]
    assert [spelled(seconds) for seconds in (0.5, 1, 2.5, 0.001)] == ["500ms", "1s", "2.5s", "1ms"]
