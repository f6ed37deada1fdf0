"""The text is what prometheus-client's own writer makes of the same data, and its parsers read it back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.utils import floatToGoString

from apivitals.catalog import CATALOG, Kind, Metric
from apivitals.export.prometheus import Format, header, render
from apivitals.families import Distribution, Exemplar, Family, Number
from tests.support.exposition import samples

TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r"), max_size=12)
LABELS = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4, unique=True)
COUNTS = st.lists(st.integers(0, 10**9).map(float), min_size=4, max_size=4)
SUM = st.floats(0, 1e12, allow_nan=False)
BOUNDS = (0.1, 1.0, 1e7)
HISTOGRAM = Metric("my.histogram", Kind.HISTOGRAM, "s", 'help with "quotes", \\ and\nnewline', ("a", "b.c"), BOUNDS)


class One:
    def __init__(self, family):
        self.family = family

    def collect(self):
        return [self.family]


def text_of(family, form):
    return "".join(render(family, form)) + ("# EOF\n" if form is Format.OPENMETRICS else "")


def as_set(page):
    return {(s.name, tuple(sorted(s.labels.items())), s.value) for s in samples(page)}


@given(LABELS, st.data())
@pytest.mark.parametrize("form", Format)
def test_histogram_is_what_prometheus_client_writes(form, labels, data):
    points = [Distribution(pair, data.draw(COUNTS), data.draw(SUM), {}) for pair in labels]
    peer = HistogramMetricFamily("my_histogram_seconds", HISTOGRAM.help, labels=["a", "b_c"], unit="seconds")
    for point in points:
        cumulative = [sum(point.counts[: n + 1]) for n in range(4)]
        bounds = [*map(floatToGoString, BOUNDS), "+Inf"]
        peer.add_metric(point.labels or (), list(zip(bounds, cumulative, strict=True)), point.sum)
    write = generate_latest if form is Format.TEXT else generate_openmetrics
    ours = text_of(Family(HISTOGRAM, ("a", "b_c"), points, BOUNDS), form)
    assert as_set(ours) == as_set(write(One(peer)))


@pytest.mark.parametrize("form", Format)
@given(labels=LABELS, value=st.floats(allow_nan=False))
def test_numbers_are_what_prometheus_client_writes(form, labels, value):
    write = generate_latest if form is Format.TEXT else generate_openmetrics
    for kind, peer_type in ((Kind.GAUGE, GaugeMetricFamily), (Kind.COUNTER, CounterMetricFamily)):
        metric = Metric("my.number", kind, "By", "help", ("a", "b"))
        peer = peer_type("my_number_bytes", "help", labels=["a", "b"], unit="bytes")
        amount = abs(value) if kind is Kind.COUNTER else value
        for pair in labels:
            peer.add_metric(pair, amount)
        ours = text_of(Family(metric, ("a", "b"), [Number(pair, amount) for pair in labels]), form)
        assert as_set(ours) == as_set(write(One(peer)))


def test_exemplars_are_in_openmetrics_only():
    exemplar = Exemplar("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 0.5, 1700000000.25)
    point = Distribution(("x", "y"), [0.0, 2.0, 0.0, 0.0], 1.0, {1: exemplar})
    family = Family(HISTOGRAM, ("a", "b_c"), [point], BOUNDS)
    page = samples(text_of(family, Format.OPENMETRICS))
    (carrier,) = [s for s in page if s.exemplar]
    assert carrier.labels["le"] == "1.0"
    assert carrier.exemplar is not None
    assert carrier.exemplar.labels == {"trace_id": exemplar.trace_id, "span_id": exemplar.span_id}
    assert (carrier.exemplar.value, str(carrier.exemplar.timestamp)) == (0.5, "1700000000.250000000")
    assert exemplar.trace_id not in text_of(family, Format.TEXT)


def test_overflow_series_has_only_its_own_label():
    family = Family(HISTOGRAM, ("a", "b_c"), [Distribution(None, [1.0, 0.0, 0.0, 0.0], 0.05, {})], BOUNDS)
    assert samples(text_of(family, Format.TEXT)).labels("my_histogram_seconds_count") == [
        {"otel_metric_overflow": "true"}
    ]


def test_no_labels_no_braces():
    family = Family(Metric("plain", Kind.HISTOGRAM, "", "help"), (), [Distribution((), [1.0, 0.0], 0.05, {})], (0.1,))
    assert text_of(family, Format.TEXT).splitlines()[2:] == [
        'plain_bucket{le="0.1"} 1',
        'plain_bucket{le="+Inf"} 1',
        "plain_sum 0.05",
        "plain_count 1",
    ]


def test_infinite_values():
    family = Family(Metric("g", Kind.GAUGE, "", "help"), (), [Number((), math.inf)])
    assert text_of(family, Format.TEXT).endswith("g +Inf\n")


@pytest.mark.parametrize("metric", CATALOG, ids=lambda metric: metric.name)
def test_every_declared_metric_has_a_header_that_registries_accept(metric):
    assert metric.family in header(metric, Format.TEXT)
    assert samples(header(metric, Format.OPENMETRICS) + "# EOF\n").families.keys() == {metric.family}
    assert metric.help.endswith(".")


def test_registry_is_a_collector():
    """What `_One` in `apivitals.export.foreign` relies on: the writers only call `collect()`."""
    assert generate_latest(CollectorRegistry()) == b""
