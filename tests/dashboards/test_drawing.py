"""What pictures are made of: values and units, times and steps, variables, frames and their transformations."""

import pytest

from tests.support.dashboards import Choice, Filled, Target, Times
from tools.pictures.frames import frames, legend
from tools.pictures.interpolation import UnknownVariableError
from tools.pictures.markup import cut, text_width
from tools.pictures.prometheus import Series
from tools.pictures.scale import Scale, ticks, time_ticks
from tools.pictures.steps import duration, seconds_of
from tools.pictures.transformations import transformed
from tools.pictures.units import formatted

ROUTES = ("/videos/{id}", "/a.b")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0123, "s", "12.3 ms"),
        (0, "s", "0 s"),
        (90, "s", "1.50 mins"),
        (0.5, "percentunit", "50%"),
        (0.99954, "percentunit", "100.0%"),
        (12.345, "percent", "12.3%"),
        (1536, "bytes", "1.50 KiB"),
        (1024**3, "bytes", "1 GiB"),
        (2_500_000, "decbytes", "2.50 MB"),
        (1500, "reqps", "1.50K req/s"),
        (0.842, "reqps", "0.842 req/s"),
        (1500, "short", "1.50 K"),
        (93784, "dtdurations", "1 day"),
        (93784, "dtdhms", "1 d 02:03:04"),
        (1, "bool_yes_no", "Yes"),
        (65.5, "celsius", "65.5 °C"),
        (3.2e9, "hertz", "3.20 GHz"),
        (7, "suffix: calls", "7  calls"),
        (float("nan"), "s", "NaN"),
    ],
)
def test_values_have_their_units(value, unit, text):
    assert str(formatted(value, unit)) == text


def test_decimals_are_as_asked_for():
    assert str(formatted(0.99954, "percentunit", 2)) == "99.95%"
    assert str(formatted(93784, "dtdurations", 1)) == "1 day, 2 hours"


class TestTimes:
    hours = Times(1_000_000, 1_000_000 + 6 * 3600, 15, 700)

    def test_a_step_is_round_and_no_shorter_than_a_scrape(self):
        assert self.hours.step_seconds() == 30
        assert Times(0, 60, 15).step_seconds() == 15
        assert self.hours.step_seconds("5m") == 300

    def test_a_rate_is_over_four_scrapes_or_a_step_and_a_scrape(self):
        assert self.hours.rate_seconds() == 60
        assert Times(0, 30 * 86400, 15, 700).rate_seconds() == 3600 + 15

    def test_a_query_has_them(self):
        text = Filled({}, self.hours).query("rate(a[$__rate_interval]) - b[${__range}:$__interval] + $__range_s")
        assert text == "rate(a[60s]) - b[21600s:30s] + 21600"

    @pytest.mark.parametrize(("text", "seconds"), [("15s", 15), ("500ms", 0.5), ("1m30s", 90), ("6h", 21600)])
    def test_durations_are_read(self, text, seconds):
        assert seconds_of(text) == seconds
        assert seconds_of(duration(seconds)) == seconds

    @pytest.mark.parametrize("text", ["", "6", "h", "6 h", "-6h"])
    def test_what_is_no_duration_is_refused(self, text):
        with pytest.raises(ValueError, match="no duration"):
            seconds_of(text)


class TestVariables:
    filled = Filled(
        {
            "job": Choice(("a", "b"), is_regex=True, all_value=".+"),
            "route": Choice(ROUTES, is_regex=True),
            "one": Choice((ROUTES[0],), is_regex=True),
            "plain": Choice(("a.b",)),
        },
        Times(10, 20),
    )

    @pytest.mark.parametrize(
        ("text", "query"),
        [
            ('{j=~"$job"}', '{j=~".+"}'),
            ('{j=~"${job}"}', '{j=~".+"}'),
            ('{j=~"[[job]]"}', '{j=~".+"}'),
            ('{r=~"$route"}', r'{r=~"(/videos/\\{id\\}|/a\\.b)"}'),
            ('{r=~"$one"}', r'{r=~"/videos/\\{id\\}"}'),
            ('{r="$plain"}', '{r="a.b"}'),
            ("${route:csv}", "/videos/{id},/a.b"),
            ("${route:pipe}", "/videos/{id}|/a.b"),
            (r"${one:regex}", r"\/videos\/\{id\}"),
        ],
    )
    def test_are_filled_into_a_query(self, text, query):
        assert self.filled.query(text) == query

    def test_are_filled_into_a_title(self):
        assert self.filled.text("$job: ${route}") == "All: /videos/{id} + /a.b"

    def test_are_filled_into_an_address(self):
        link = self.filled.link("/d/x?${__url_time_range}&${job:queryparam}&${route:queryparam}&var-p=$plain")
        assert (
            link
            == "/d/x?from=10000&to=20000&var-job=%24__all&var-route=%2Fvideos%2F%7Bid%7D&var-route=%2Fa.b&var-p=a.b"
        )

    def test_must_be_there(self):
        with pytest.raises(UnknownVariableError, match="service"):
            self.filled.query('{job="$service"}')


class TestFrames:
    answer = (Series({"job": "a", "le": "1"}, ((0.0, 1.0),)), Series({"job": "b", "le": "0.5"}, ((0.0, 2.0),)))

    def test_a_series_has_the_name_that_its_legend_says(self):
        assert legend("{{job}} up to {{ le }}{{none}}", {"job": "a", "le": "1"}) == "a up to 1"
        assert legend("", {"__name__": "up", "job": "a"}) == 'up{job="a"}'

    def test_a_table_has_a_line_for_each_series(self):
        (frame,) = frames(Target("B", "x", format="table"), self.answer, tables=2)
        assert [one.name for one in frame.fields] == ["Time", "job", "le", "Value #B"]
        assert frame.length == 2

    def test_buckets_are_in_their_order(self):
        made = frames(Target("A", "x", format="heatmap"), self.answer)
        assert [frame.fields[1].labels["le"] for frame in made] == ["0.5", "1"]

    def table(self, ref, values):
        answer = [Series({"route": route}, ((0.0, value),)) for route, value in values.items()]
        return frames(Target(ref, "x", format="table"), answer, tables=2)

    def test_tables_are_merged_by_what_they_share(self):
        both = [*self.table("A", {"/a": 1.0, "/b": 2.0}), *self.table("B", {"/b": 3.0, "/c": 4.0})]
        (merged,) = transformed(both, [{"id": "merge", "options": {}}])
        columns = {one.name: list(one.values) for one in merged.fields}
        assert columns["route"] == ["/a", "/b", "/c"]
        assert columns["Value #A"] == [1.0, 2.0, None]
        assert columns["Value #B"] == [None, 3.0, 4.0]

    def test_columns_are_ordered_renamed_left_out_and_sorted(self):
        options = {
            "excludeByName": {"Time": True},
            "indexByName": {"Value #A": 0, "route": 1},
            "renameByName": {"Value #A": "Rate"},
        }
        steps = [
            {"id": "organize", "options": options},
            {"id": "sortBy", "options": {"sort": [{"field": "Rate", "desc": True}]}},
        ]
        (made,) = transformed(self.table("A", {"/a": 1.0, "/b": 2.0}), steps)
        assert [one.shown for one in made.fields] == ["Rate", "route"]
        assert made.fields[1].values == ["/b", "/a"]

    def test_labels_become_columns(self):
        series = frames(Target("A", "x"), self.answer)
        (made,) = transformed(series, [{"id": "labelsToFields", "options": {}}, {"id": "merge", "options": {}}])
        assert {one.name: list(one.values) for one in made.fields}["job"] == ["a", "b"]

    def test_one_that_is_not_known_is_said(self):
        with pytest.raises(ValueError, match="groupBy"):
            transformed([], [{"id": "groupBy"}])


def test_ticks_are_round():
    assert ticks(0, 0.9, 5) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    assert ticks(0, 3 * 1024**2, 4, binary=True) == [0, 1024**2, 2 * 1024**2, 3 * 1024**2]
    assert [text for _, text in time_ticks(0, 3600, 4)] == ["00:00", "00:15", "00:30", "00:45", "01:00"]


def test_a_scale_goes_from_pixel_to_pixel():
    assert Scale(0, 10, 100, 0)(2.5) == 75
    assert Scale(1, 100, 0, 100, log_base=10)(10) == pytest.approx(50)


def test_a_text_that_does_not_fit_is_cut():
    assert cut("short", 12, 100) == "short"
    assert cut("a much longer text than fits", 12, 60).endswith("…")
    assert text_width(cut("a much longer text than fits", 12, 60), 12) <= 60
