"""What only the meter provider's backend has: a user's readers, views and exporters, and providers of all sorts."""

import logging
import math

import pytest
from opentelemetry import trace
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.metrics._internal import _ProxyMeterProvider  # what `get_meter_provider()` returns until one is set
from opentelemetry.sdk.metrics import AlwaysOnExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import DropAggregation, ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry, generate_latest

from apivitals import catalog
from apivitals.catalog import CATALOG, Kind
from apivitals.errors import ErrorLog
from apivitals.export.prometheus import Format, render
from apivitals.families import Exemplar
from apivitals.store import MeterProviderBackend, Store
from apivitals.version import __version__
from tests.support.exposition import samples

DURATION = catalog.http.REQUEST_DURATION
REQUEST = ("GET", "/x", "200", "http", "", "medium")
TRACE = Exemplar("a" * 32, "b" * 16, 0.5, 1.0)


class Provided:
    """A backend over the SDK, with views, and what its reader finds."""

    def __init__(self, *views, limit=10_000, **options):
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider([self.reader], views=views, shutdown_on_exit=False, **options)
        self.errors = ErrorLog()
        self.limit = limit
        self.backend = self.another()

    def another(self):
        return MeterProviderBackend(self.provider, self.limit, self.errors)

    def scopes(self):
        data = self.reader.get_metrics_data()
        return [scope for resource in (data.resource_metrics if data else ()) for scope in resource.scope_metrics]

    def metrics(self):
        return {metric.name: metric for scope in self.scopes() for metric in scope.metrics}

    def point(self, name="http.server.request.duration"):
        (point,) = self.metrics()[name].data.data_points
        return point

    def noted(self):
        return {name: count for name, count in self.errors.counts().items() if count}


def test_instruments_are_as_the_catalog_declares_them():
    provided = Provided()
    provided.backend.histogram(DURATION, ("tenant",)).bind((*REQUEST, "acme")).observe(0.2)
    (scope,) = provided.scopes()
    assert (scope.scope.name, scope.scope.version) == ("apivitals", __version__)
    (metric,) = scope.metrics
    assert (metric.name, metric.unit, metric.description) == ("http.server.request.duration", "s", DURATION.help)
    (point,) = metric.data.data_points
    assert point.explicit_bounds == DURATION.bounds
    assert point.attributes == {
        "http.request.method": "GET",
        "http.route": "/x",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "priority": "medium",
        "tenant": "acme",
    }


def test_a_view_renames():
    provided = Provided(View(instrument_name="http.server.request.duration", name="shop.response_time"))
    provided.backend.histogram(DURATION).bind(REQUEST).observe(0.2)
    assert list(provided.metrics()) == ["shop.response_time"]


def test_a_views_bounds_go_before_ours():
    view = View(instrument_name="http.server.*", aggregation=ExplicitBucketHistogramAggregation((1.0, 2.0)))
    provided = Provided(view)
    provided.backend.histogram(DURATION, (), (0.5,)).bind(REQUEST).observe(1.5)
    point = provided.point()
    assert (point.explicit_bounds, point.bucket_counts) == ((1.0, 2.0), (0, 1, 0))


def test_a_view_drops_attributes_and_joins_their_series():
    provided = Provided(View(meter_name="apivitals", instrument_name="*", attribute_keys={"http.route"}))
    histogram = provided.backend.histogram(DURATION)
    histogram.bind(REQUEST).observe(0.2)
    histogram.bind(("POST", *REQUEST[1:])).observe(0.2)
    point = provided.point()
    assert (point.attributes, point.count) == ({"http.route": "/x"}, 2)


def test_a_view_drops_a_metric():
    provided = Provided(View(instrument_name="http.server.request.body.size", aggregation=DropAggregation()))
    for metric in (DURATION, catalog.http.REQUEST_BODY_SIZE):
        provided.backend.histogram(metric).bind(REQUEST).observe(1.0)
    assert list(provided.metrics()) == ["http.server.request.duration"]


def test_prometheus_shows_the_names_labels_and_values_of_our_own_page():
    """`opentelemetry-exporter-prometheus` on one side, the store and our page on the other."""
    registry = CollectorRegistry()
    reader = PrometheusMetricReader(disable_target_info=True, scope_info_enabled=False, registry=registry)
    provider = MeterProvider([reader], shutdown_on_exit=False)
    store = Store(series_limit=1)
    for backend in (store, MeterProviderBackend(provider, 1, ErrorLog())):
        for metric in CATALOG:
            for n in range(2):
                labels = tuple(f"{name} {n}" for name in (*metric.attributes, "tenant"))
                if metric.kind is Kind.HISTOGRAM:
                    backend.histogram(metric, ("tenant",)).bind(labels).observe(1.0)
                elif metric.kind is Kind.COUNTER:
                    backend.counter(metric, ("tenant",)).bind(labels).add(2.0)
                elif metric.kind is Kind.GAUGE:
                    backend.gauge(metric, ("tenant",)).bind(labels).add(3.0)
    ours = samples("".join(text for family in store.collect() for text in render(family, Format.TEXT)))
    theirs = samples(generate_latest(registry))
    assert shown(theirs) == shown(ours)


def shown(page):
    """Read a page as Prometheus does: an empty label is an absent one, and a bound is a number."""
    return {
        (
            sample.name,
            *sorted((name, float(value) if name == "le" else value) for name, value in sample.labels.items() if value),
        ): sample.value
        for sample in page
    }


def test_two_applications_of_one_provider_share_their_series_without_a_warning(caplog):
    provided = Provided()
    for backend in (provided.backend, provided.another()):
        backend.histogram(DURATION).bind(REQUEST).observe(0.2)
        backend.counter(catalog.http.WEBSOCKET_MESSAGES).bind(("/ws", "low", "receive")).add()
        backend.gauge(catalog.http.WEBSOCKET_SESSIONS).bind(("/ws", "low")).add()
    assert provided.point().count == 2
    assert provided.point("apivitals.websocket.server.messages").value == 2
    assert provided.point("apivitals.websocket.server.active_sessions").value == 2
    assert not caplog.records


def test_of_two_applications_with_bounds_of_their_own_the_first_ones_stay(caplog):
    provided = Provided()
    for backend, bounds in ((provided.backend, (1.0, 2.0)), (provided.another(), (3.0,))):
        backend.histogram(DURATION, (), bounds).bind(REQUEST).observe(0.2)
    assert (provided.point().explicit_bounds, provided.point().count) == ((1.0, 2.0), 2)
    assert "different advisory value" in caplog.text


def test_a_provider_that_is_set_later_gets_what_comes_then():
    proxy, provided = _ProxyMeterProvider(), Provided()
    series = MeterProviderBackend(proxy, 10, ErrorLog()).histogram(DURATION).bind(REQUEST)
    series.observe(0.2)
    proxy.on_set_meter_provider(provided.provider)
    series.observe(0.2)
    assert provided.point().count == 1
    assert provided.point().explicit_bounds == DURATION.bounds


def test_a_provider_that_does_nothing_costs_nothing_but_the_metrics():
    backend = MeterProviderBackend(NoOpMeterProvider(), 1, ErrorLog())
    histogram = backend.histogram(DURATION)
    for _ in range(3):
        histogram.bind(REQUEST).observe(0.2, TRACE)
    backend.counter(catalog.http.WEBSOCKET_MESSAGES).bind(("/ws", "low", "receive")).add()
    backend.gauge(catalog.http.WEBSOCKET_SESSIONS).bind(("/ws", "low")).add()
    assert len(histogram) == 1


def test_a_provider_that_has_been_shut_down_takes_no_harm():
    provided = Provided()
    series = provided.backend.histogram(DURATION).bind(REQUEST)
    provided.provider.shutdown()
    series.observe(0.2)
    assert provided.noted() == {}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_the_sdk_is_spared_what_it_would_refuse_with_a_warning(value, caplog):
    provided = Provided()
    provided.backend.histogram(DURATION).bind(REQUEST).observe(value)
    assert provided.metrics() == {}
    assert not caplog.records


def test_the_span_in_the_current_context_is_the_exemplar():
    provided = Provided()
    series = provided.backend.histogram(DURATION).bind(REQUEST)
    with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("request") as span:
        series.observe(0.2)
    (exemplar,) = provided.point().exemplars
    assert exemplar.trace_id == span.get_span_context().trace_id
    assert exemplar.value == 0.2


def test_a_span_that_is_no_longer_current_is_the_exemplar_all_the_same():
    provided = Provided()
    provided.backend.histogram(DURATION).bind(REQUEST).observe(0.5, TRACE)
    (exemplar,) = provided.point().exemplars
    assert (exemplar.trace_id, exemplar.span_id) == (int(TRACE.trace_id, 16), int(TRACE.span_id, 16))
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_what_a_users_part_of_the_sdk_raises_is_noted_and_goes_no_further(caplog):
    class Broken(AlwaysOnExemplarFilter):
        def should_sample(self, *_):
            raise RuntimeError("broken filter")

    provided = Provided(exemplar_filter=Broken())
    with caplog.at_level(logging.CRITICAL):
        provided.backend.histogram(DURATION).bind(REQUEST).observe(0.2)
        provided.backend.counter(catalog.breakdown.QUEUE_REJECTED).bind(("malformed",)).add()
    assert provided.noted() == {"record": 3}  # a counter is begun with 0
