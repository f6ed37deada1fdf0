"""What both backends do alike: the store, and an OpenTelemetry meter provider of the SDK.

Both are read in one plain form: totals, and histograms as counts and sum, by the attributes that are not empty.
"""

import math
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint

from apivitals.catalog import Kind, Metric
from apivitals.errors import ErrorLog
from apivitals.families import Distribution, Exemplar
from apivitals.store import Backend, MeterProviderBackend, Store

HISTOGRAM = Metric("test.duration", Kind.HISTOGRAM, "s", "Time.", ("http.route", "error.type"), (0.1, 1.0, 10.0))
COUNTER = Metric("test.items", Kind.COUNTER, "{item}", "Items.", ("http.route", "error.type"))
GAUGE = Metric("test.sessions", Kind.GAUGE, "{session}", "Sessions.", ("http.route", "error.type"))
METRICS = {"histogram": HISTOGRAM, "counter": COUNTER, "gauge": GAUGE}
EXTRA = ("tenant",)
OVERFLOW = frozenset({("otel.metric.overflow", "true")})
TRACE = Exemplar("a" * 32, "b" * 16, 0.5, 1.0)


@dataclass
class OfStore:
    """The store, and what it holds."""

    limit: int = 10_000
    backend: Store = field(init=False)

    def __post_init__(self):
        self.backend = Store(self.limit)

    def read(self):
        found: dict[Any, Any] = {}
        for family in self.backend.collect():
            names = family.metric.attributes + family.label_names[len(family.metric.attributes) :]
            for point in family.points:
                attributes = OVERFLOW
                if point.labels is not None:
                    attributes = frozenset((n, v) for n, v in zip(names, point.labels, strict=True) if v)
                if not isinstance(point, Distribution):
                    found[family.metric.name, attributes] = point.value
                elif any(point.counts):  # the SDK shows no histogram before the first observation
                    found[family.metric.name, attributes] = (list(point.counts), point.sum)
        return found


@dataclass
class OfMeterProvider:
    """A backend over the SDK, and what its reader finds."""

    limit: int = 10_000
    backend: MeterProviderBackend = field(init=False)

    def __post_init__(self):
        self.reader = InMemoryMetricReader()
        self.errors = ErrorLog()
        provider = MeterProvider([self.reader], shutdown_on_exit=False)
        self.backend = MeterProviderBackend(provider, self.limit, self.errors)

    def read(self):
        assert not any(self.errors.counts().values())
        data = self.reader.get_metrics_data()
        return {
            (metric.name, plain(point.attributes)): (
                (list(point.bucket_counts), point.sum) if isinstance(point, HistogramDataPoint) else point.value
            )
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
            if isinstance(point, NumberDataPoint | HistogramDataPoint)
        }


def plain(attributes):
    return frozenset((name, "true" if value is True else str(value)) for name, value in attributes.items())


def of(**attributes):
    return frozenset((name.replace("_", "."), value) for name, value in attributes.items())


BACKENDS = pytest.mark.parametrize("make", [OfStore, OfMeterProvider])


@BACKENDS
def test_it_is_a_backend(make):
    kit = make()
    backend: Backend = kit.backend
    made = [backend.histogram(HISTOGRAM), backend.counter(COUNTER), backend.gauge(GAUGE)]
    assert [instrument.metric for instrument in made] == [HISTOGRAM, COUNTER, GAUGE]
    assert list(backend.instruments()) == made
    assert kit.read() == {}


@BACKENDS
def test_bounds_are_inclusive(make):
    kit = make()
    series = kit.backend.histogram(HISTOGRAM).bind(("/x", ""))
    for value in (0.0, 0.1, 0.1000001, 1.0, 10.0, 10.1):
        series.observe(value)
    assert kit.read() == {("test.duration", of(http_route="/x")): ([2, 2, 1, 1], pytest.approx(21.3000001))}


@BACKENDS
def test_bounds_other_than_the_declared_ones(make):
    kit = make()
    kit.backend.histogram(HISTOGRAM, (), (5.0,)).bind(("/x", "")).observe(5.0)
    assert kit.read() == {("test.duration", of(http_route="/x")): ([1, 0], 5.0)}


@BACKENDS
def test_nan_is_not_observed(make):
    kit = make()
    series = kit.backend.histogram(HISTOGRAM).bind(("/x", ""))
    series.observe(math.nan)
    assert kit.read() == {}
    series.observe(2.0)
    assert kit.read() == {("test.duration", of(http_route="/x")): ([0, 0, 1, 0], 2.0)}


@BACKENDS
def test_a_counter_and_a_gauge_are_there_before_anything_is_counted(make):
    """A rate sees the first increase only if there was a sample before it."""
    kit = make()
    counter = kit.backend.counter(COUNTER).bind(("/x", ""))
    kit.backend.gauge(GAUGE).bind(("/x", ""))
    series = of(http_route="/x")
    assert kit.read() == {("test.items", series): 0, ("test.sessions", series): 0}
    counter.add()
    assert kit.read()["test.items", series] == 1


@BACKENDS
def test_a_gauge_goes_both_ways(make):
    kit = make()
    gauge = kit.backend.gauge(GAUGE).bind(("/x", ""))
    gauge.add()
    gauge.add()
    gauge.add(-1.0)
    assert kit.read() == {("test.sessions", of(http_route="/x")): 1}


@BACKENDS
def test_extra_labels_come_after_the_metrics_own_and_empty_ones_are_absent(make):
    kit = make()
    counter = kit.backend.counter(COUNTER, EXTRA)
    counter.bind(("/x", "", "acme")).add()
    counter.bind(("", "", "acme")).add(2)
    counter.bind(("", "", "")).add(3)
    assert kit.read() == {
        ("test.items", of(http_route="/x", tenant="acme")): 1,
        ("test.items", of(tenant="acme")): 2,
        ("test.items", of()): 3,
    }


@BACKENDS
def test_a_series_is_bound_once(make):
    kit = make()
    for instrument in (kit.backend.counter(COUNTER), kit.backend.histogram(HISTOGRAM), kit.backend.gauge(GAUGE)):
        assert not instrument.holds(("/x", ""))
        assert instrument.bind(("/x", "")) is instrument.bind(("/x", ""))
        assert instrument.holds(("/x", ""))
        assert len(instrument) == 1


@BACKENDS
def test_past_the_limit_one_series_takes_everything(make):
    kit = make(limit=3)
    counter, histogram = kit.backend.counter(COUNTER), kit.backend.histogram(HISTOGRAM)
    for n in range(10):
        counter.bind((str(n), "")).add()
        histogram.bind((str(n), "")).observe(0.5, TRACE)
    assert (len(counter), counter.dropped, counter.holds(("2", "")), counter.holds(("3", ""))) == (3, 7, True, False)
    found = kit.read()
    assert found["test.items", OVERFLOW] == 7
    assert found["test.duration", OVERFLOW] == ([0, 7, 0, 0], 3.5)
    assert len(found) == 8


@BACKENDS
def test_threads_lose_nothing(make):
    kit = make(limit=3)
    counter, gauge, histogram = kit.backend.counter(COUNTER), kit.backend.gauge(GAUGE), kit.backend.histogram(HISTOGRAM)
    start = threading.Barrier(4)

    def work():
        start.wait()
        for n in range(500):
            labels = (str(n % 5), "")
            counter.bind(labels).add(2.0)
            gauge.bind(labels).add(-1.0)
            histogram.bind(labels).observe(0.5)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    series = [of(http_route=str(n)) for n in range(3)] + [OVERFLOW]
    times = [400, 400, 400, 800]
    assert kit.read() == {
        key: value
        for one, n in zip(series, times, strict=True)
        for key, value in {
            ("test.items", one): 2 * n,
            ("test.sessions", one): -n,
            ("test.duration", one): ([0, n, 0, 0], 0.5 * n),
        }.items()
    }


LABELS = st.tuples(
    st.sampled_from(["", "/a", "/b"]), st.sampled_from(["", "ValueError"]), st.sampled_from(["", "acme"])
)
AMOUNTS = st.one_of(st.floats(0, 1e6), st.sampled_from(HISTOGRAM.bounds))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("histogram"), LABELS, st.one_of(AMOUNTS, st.just(math.nan))),
        st.tuples(st.just("counter"), LABELS, AMOUNTS),
        st.tuples(st.just("gauge"), LABELS, st.one_of(AMOUNTS, AMOUNTS.map(lambda amount: -amount))),
        st.tuples(st.just("read"), LABELS, st.just(0.0)),
    ),
    max_size=40,
)


@hypothesis_settings(max_examples=60)
@given(STEPS, st.integers(1, 8))
@example([("histogram", ("", "", ""), 0.1), ("read", ("", "", ""), 0.0), ("histogram", ("", "", ""), 0.1)], 1)
def test_the_same_observations_leave_the_same_behind(steps, limit):
    """Whatever is observed, in whatever order, with collections in between."""
    kits: list[Any] = [OfStore(limit), OfMeterProvider(limit)]
    tables = [{kind: getattr(kit.backend, kind)(metric, EXTRA) for kind, metric in METRICS.items()} for kit in kits]
    for kind, labels, value in steps:
        for kit, table in zip(kits, tables, strict=True):
            if kind == "read":
                kit.read()
            elif kind == "histogram":
                table[kind].bind(labels).observe(value)
            else:
                table[kind].bind(labels).add(value)
    of_store, of_meter_provider = (kit.read() for kit in kits)
    assert of_meter_provider.keys() == of_store.keys()
    for key, value in of_store.items():
        found = of_meter_provider[key]
        if isinstance(value, tuple):
            assert found[0] == value[0]
            assert found[1] == pytest.approx(value[1])
        else:
            assert found == pytest.approx(value, abs=1e-6)
    dropped = [{kind: instrument.dropped for kind, instrument in table.items()} for table in tables]
    assert dropped[0] == dropped[1]
