"""Our families as OpenTelemetry metric data: what is pushed is what is scraped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from apivitals import catalog
from apivitals.catalog import CATALOG, Kind, Metric
from apivitals.export.otlp_data import as_opentelemetry
from apivitals.export.prometheus import Format, render
from apivitals.families import Distribution, Exemplar, Family, Number
from tests.support.exposition import samples
from tests.support.otlp_samples import pushed, scraped

STARTED_NS, NOW_NS = 1_700_000_000_000_000_000, 1_700_000_060_000_000_000


def sent(family):
    """Convert, encode as an exporter does, and decode as a receiver does."""
    metric = as_opentelemetry(family, STARTED_NS, NOW_NS)
    assert metric is not None
    scope = ScopeMetrics(InstrumentationScope("apivitals"), [metric], schema_url="")
    request = encode_metrics(MetricsData([ResourceMetrics(Resource({}), [scope], schema_url="")]))
    return type(request).FromString(request.SerializeToString()).resource_metrics[0].scope_metrics[0].metrics[0]


def on_the_page(family):
    return scraped(samples("".join(render(family, Format.TEXT))))


def points_of(metric):
    values = tuple(f"value {n}" for n in range(len(metric.attributes)))
    counts = [float(n) for n in range(len(metric.bounds) + 1)]
    return [
        Distribution(labels, counts, 12.5, {}) if metric.kind is Kind.HISTOGRAM else Number(labels, 3.0)
        for labels in ((values, None) if values else (values,))
    ]


@pytest.mark.parametrize("metric", [m for m in CATALOG if m is not catalog.internal.TARGET_INFO], ids=lambda m: m.name)
def test_every_metric_has_the_same_names_labels_and_values(metric):
    """Among them are ratios, which a unit "1" would rename, and an info, which OTLP does not have."""
    family = Family(metric, metric.label_names, points_of(metric), metric.bounds)
    assert pushed([sent(family)]) == on_the_page(family)


def test_attributes_have_their_own_names_and_added_labels_theirs():
    metric = catalog.http.ACTIVE_REQUESTS
    family = Family(metric, (*metric.label_names, "region"), [Number(("GET", "http", "", "high", "eu"), 1.0)])
    (point,) = sent(family).gauge.data_points
    assert {attribute.key: attribute.value.string_value for attribute in point.attributes} == {
        "http.request.method": "GET",
        "url.scheme": "http",
        "priority": "high",
        "region": "eu",
    }


def test_overflow_is_marked_as_the_sdk_marks_it():
    (point,) = sent(Family(catalog.http.WEBSOCKET_MESSAGES, ("http_route",), [Number(None, 1.0)])).sum.data_points
    assert [(a.key, a.value.bool_value) for a in point.attributes] == [("otel.metric.overflow", True)]


def test_exemplars():
    exemplar = Exemplar("0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7", 0.3, 1_700_000_030.25)
    metric = Metric("x", Kind.HISTOGRAM, "s", "", (), (0.1, 1.0))
    family = Family(metric, (), [Distribution((), [0.0, 1.0, 0.0], 0.3, {1: exemplar})], metric.bounds)
    (point,) = sent(family).histogram.data_points
    (found,) = point.exemplars
    assert (found.trace_id.hex(), found.span_id.hex(), found.as_double) == exemplar[:3]
    assert found.time_unix_nano == 1_700_000_030_250_000_000


def test_times_and_temporality():
    histogram = sent(Family(catalog.http.REQUEST_DURATION, (), [Distribution((), [1.0] * 17, 1.0, {})], (0.0,) * 16))
    assert histogram.histogram.aggregation_temporality == 2, "cumulative"
    counter = sent(Family(catalog.http.WEBSOCKET_MESSAGES, (), [Number((), 1.0)]))
    assert counter.sum.is_monotonic
    assert counter.sum.aggregation_temporality == 2
    for point in (histogram.histogram.data_points[0], counter.sum.data_points[0]):
        assert (point.start_time_unix_nano, point.time_unix_nano) == (STARTED_NS, NOW_NS)


@pytest.mark.parametrize("metric", [catalog.host.NETWORK_IO, catalog.process.CPU_TIME, catalog.runtime.GC_COLLECTIONS])
def test_totals_that_began_before_us_do_not_claim_our_start(metric):
    (point,) = sent(Family(metric, (), [Number((), 1e9)])).sum.data_points
    assert point.start_time_unix_nano == 0


def test_neither_the_resource_nor_what_is_empty_is_a_metric():
    info = Family(catalog.internal.TARGET_INFO, ("service_name",), [Number(("x",), 1.0)])
    assert as_opentelemetry(info, STARTED_NS, NOW_NS) is None
    assert as_opentelemetry(Family(catalog.http.ACTIVE_REQUESTS, (), []), STARTED_NS, NOW_NS) is None


def test_label_value_that_cannot_be_encoded_is_replaced():
    (point,) = sent(Family(catalog.http.ACTIVE_REQUESTS, ("region",), [Number(("a\udcffb",), 1.0)])).gauge.data_points
    assert [attribute.value.string_value for attribute in point.attributes] == ["a?b"]


names = st.from_regex(r"[a-z][a-z0-9_]{0,8}(\.[a-z][a-z0-9_]{0,8}){0,3}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
finite = st.floats(allow_nan=False, allow_infinity=False)
exemplars = st.builds(
    Exemplar,
    st.integers(1, 2**128 - 1).map(lambda n: f"{n:032x}"),
    st.integers(1, 2**64 - 1).map(lambda n: f"{n:016x}"),
    finite,
    st.floats(0, 4e9),
)


@st.composite
def families(draw):
    attributes = tuple(draw(st.lists(names, max_size=4, unique_by=lambda name: name.replace(".", "_"))))
    kind = draw(st.sampled_from([Kind.HISTOGRAM, Kind.COUNTER, Kind.GAUGE]))
    bounds = tuple(sorted(draw(st.sets(finite, max_size=6)))) if kind is Kind.HISTOGRAM else ()
    values = st.none() | st.tuples(*[texts for _ in attributes])
    point: st.SearchStrategy[Number | Distribution]
    if kind is Kind.HISTOGRAM:
        buckets = len(bounds) + 1
        counts = st.lists(st.integers(0, 2**40).map(float), min_size=buckets, max_size=buckets)
        found = st.dictionaries(st.integers(0, buckets - 1), exemplars, max_size=3)
        point = st.builds(Distribution, values, counts, finite, found)
    else:
        point = st.builds(Number, values, finite)
    points = draw(st.lists(point, min_size=1, max_size=5, unique_by=lambda point: point.labels))
    declared = draw(st.integers(0, len(attributes)))
    unit = draw(st.sampled_from(["s", "By", "1", "", "{x}"]))
    metric = Metric(draw(names), kind, unit, "Help.", attributes[:declared])
    return Family(metric, (*metric.label_names, *attributes[declared:]), points, bounds)


@given(families())
def test_round_trip(family):
    metric = sent(family)
    received = getattr(metric, metric.WhichOneof("data")).data_points
    for point, found in zip(family.points, received, strict=True):
        labels = {attribute.key: attribute.value.string_value for attribute in found.attributes}
        if point.labels is None:
            assert list(labels) == ["otel.metric.overflow"]
        else:
            declared = family.metric.attributes
            pairs = zip((*declared, *family.label_names[len(declared) :]), point.labels, strict=True)
            assert labels == {name: value for name, value in pairs if value}
        if isinstance(point, Number):
            assert found.as_double == point.value
            continue
        assert tuple(found.explicit_bounds) == family.bounds
        assert list(found.bucket_counts) == list(point.counts)
        assert (found.count, found.sum) == (sum(point.counts), point.sum)
        assert not found.HasField("min")
        by_bucket = [point.exemplars[bucket] for bucket in sorted(point.exemplars)]
        assert [(e.trace_id.hex(), e.span_id.hex(), e.as_double) for e in found.exemplars] == [
            exemplar[:3] for exemplar in by_bucket
        ]
