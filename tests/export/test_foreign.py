"""Other people's metrics are in the same answer, and their faults cost only themselves."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, Summary, generate_latest
from prometheus_client.core import GaugeMetricFamily
from starlette.applications import Starlette

from apivitals.export.prometheus import Format
from tests.support.exposition import samples
from tests.support.vitals import ERRORS, Instrumented


@pytest.fixture
def page_of():
    made = []

    def make(*registries):
        made.append(Instrumented(Starlette(), registries=registries))
        return made[-1].page

    yield make
    for one in made:
        one.vitals.uninstrument()


class Raising:
    def collect(self):
        yield GaugeMetricFamily("half", "made before it raised", 1.0)
        raise ConnectionError("the database is gone")


@pytest.mark.parametrize("form", Format)
def test_every_kind_of_prometheus_client(page_of, form):
    registry = CollectorRegistry()
    Counter("orders", "Orders.", ["shop"], registry=registry).labels('a\n"b').inc(3, {"trace_id": "abc"})
    Gauge("queue", "Queue.", registry=registry).set(-2)
    Histogram("size", "Size.", buckets=(1, 2), registry=registry).observe(1.5)
    Summary("time", "Time.", registry=registry).observe(2)
    Info("build", "Build.", registry=registry).info({"version": "1"})
    shown = page_of(registry)(form)
    alone = samples(generate_latest(registry))
    for sample in alone:
        if not sample.name.endswith("_created"):
            assert shown.value(sample.name, **sample.labels) == sample.value, sample


def test_several_registries_share_the_page(page_of):
    one, two = CollectorRegistry(), CollectorRegistry()
    Gauge("one", "One.", registry=one).set(1)
    Gauge("two", "Two.", registry=two).set(2)
    page = page_of(one, two)()
    assert (page.value("one"), page.value("two")) == (1, 2)


def test_collector_that_raises_costs_its_own_metrics(page_of, caplog):
    registry = CollectorRegistry()
    registry.register(Raising())
    Gauge("fine", "Fine.", registry=registry).set(1)
    page = page_of(registry)
    for _ in range(2):
        page()
    shown = page()
    assert shown.value("fine") == 1
    assert shown.value(ERRORS, operation="collect") >= 2
    assert [record.exc_info[1].args for record in caplog.records] == [("the database is gone",)], "logged once"


def test_family_with_our_name_is_left_out_and_named_in_the_log(page_of, caplog):
    registry = CollectorRegistry()
    Histogram("http_server_request_duration_seconds", "Theirs.", registry=registry).observe(1)
    page = page_of(registry)
    shown = page()  # the page parses, so the family is on it at most once
    assert not shown.has("http_server_request_duration_seconds_count")
    assert page().value(ERRORS, operation="name_clash") >= 1
    assert "http_server_request_duration_seconds is not shown: its name is one of apivitals'" in caplog.text


def test_one_name_for_two_types_keeps_the_first(page_of, caplog):
    one, two = CollectorRegistry(), CollectorRegistry()
    Gauge("jobs", "Jobs.", registry=one).set(1)
    Counter("jobs", "Jobs.", registry=two).inc()
    page = page_of(one, two)()
    assert page.value("jobs") == 1
    assert not page.has("jobs_total")
    assert "metric jobs is not shown" in caplog.text


def test_one_family_in_two_registries_is_joined(page_of):
    one, two = CollectorRegistry(), CollectorRegistry()
    for registry, shop in ((one, "a"), (two, "b")):
        Counter("orders", "Orders.", ["shop"], registry=registry).labels(shop).inc()
    Counter("same", "Same.", registry=one).inc(1)
    Counter("same", "Same.", registry=two).inc(5)
    page = page_of(one, two)()
    assert (page.value("orders_total", shop="a"), page.value("orders_total", shop="b")) == (1, 1)
    assert page.value("same_total") == 1, "of one series twice, the first stays"


def test_the_global_registry_is_shown_by_default():
    one = Instrumented(Starlette(), registries=None)
    try:
        assert one.page().has("python_info")
    finally:
        one.vitals.uninstrument()
