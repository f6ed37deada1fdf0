"""Families that are found at collection time, in a user's meter provider."""

import gc
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, generate_latest

from apivitals import catalog
from apivitals.catalog import CATALOG, Kind
from apivitals.configuration import load
from apivitals.errors import ErrorLog
from apivitals.export.information import Information
from apivitals.export.observed import OBSERVED, Observed
from apivitals.export.prometheus import Format, render
from apivitals.families import Family, Number
from apivitals.http.labels import ExtraLabels
from apivitals.http.meter import HttpMeter
from apivitals.http.websocket import WebSocketMeter
from apivitals.operations.meter import Operations
from apivitals.sources.background import Background
from apivitals.sources.sampler import Sampler
from apivitals.store import Store
from tests.support.exposition import samples

ROOT = Path(__file__).parents[2]
LOAD = catalog.host.LOAD
CPU_TIME = catalog.host.CPU_TIME
ACTIVE = catalog.http.ACTIVE_REQUESTS
REQUEST = ("GET", "http", "/x", "medium")


def family(metric, *points):
    return Family(metric, metric.label_names, [Number(labels, value) for labels, value in points])


class Provided:
    """A meter provider of the SDK, and what its reader finds."""

    def __init__(self, *views):
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider([self.reader], views=views, shutdown_on_exit=False)

    def metrics(self, reader=None) -> dict[str, Any]:
        data = (reader or self.reader).get_metrics_data()
        scopes = [scope for resource in (data.resource_metrics if data else ()) for scope in resource.scope_metrics]
        return {metric.name: metric for scope in scopes for metric in scope.metrics}

    def read(self, reader=None):
        return {
            (name, *point.attributes.values()): point.value
            for name, metric in self.metrics(reader).items()
            for point in metric.data.data_points
        }


class Readings:
    """A source that says how many times it has been read."""

    def __init__(self, *families):
        self.families = families
        self.times = 0

    def collect(self):
        self.times += 1
        yield family(LOAD, (("1m",), float(self.times)))
        yield family(CPU_TIME, (("user",), float(self.times)), (("system",), 2.0))
        yield from self.families


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def observed(provided, *sources, clock=None):
    made = Observed(provided.provider, sources, ErrorLog(), clock=clock or Clock())
    made.attach()
    return made


def test_a_collection_reads_the_sources_once():
    provided, source = Provided(), Readings()
    observed(provided, source.collect)
    for times in (1, 2, 3):
        assert provided.read() == {
            ("apivitals.system.load_average", "1m"): times,
            ("system.cpu.time", "user"): times,
            ("system.cpu.time", "system"): 2,
        }
        assert source.times == times


def test_each_reader_reads_them_for_itself():
    provided, source, second = Provided(), Readings(), InMemoryMetricReader()
    observed(provided, source.collect)
    provided.provider.add_metric_reader(second)
    assert provided.read()["system.cpu.time", "user"] == 1
    assert provided.read(second)["system.cpu.time", "user"] == 2


def test_a_reading_is_not_used_for_longer_than_a_second():
    """A provider may ask for one metric now and for another an hour later."""
    source, clock = Readings(), Clock()
    made = observed(Provided(), source.collect, clock=clock)
    assert list(made.points(LOAD).values()) == [1.0]
    clock.now += 0.9
    assert list(made.points(CPU_TIME).values()) == [1.0, 2.0]
    clock.now += 0.2
    assert list(made.points(ACTIVE).values()) == []
    assert source.times == 2


def test_names_attributes_and_kinds_are_the_catalogs():
    provided = Provided()
    build = family(catalog.internal.BUILD_INFO, (("0.1", "3.11", "CPython", "", "0.27"), 1.0))
    memory = family(catalog.gpu.PROCESS_MEMORY_USAGE, (("GPU-1", "0", "42"), 5.0))
    observed(provided, Readings(build, memory).collect)
    metrics = provided.metrics()
    cpu = metrics["system.cpu.time"]
    assert (cpu.unit, cpu.description, cpu.data.is_monotonic) == ("s", CPU_TIME.help, True)
    assert [dict(point.attributes) for point in metrics["apivitals.build_info"].data.data_points] == [
        {
            "version": "0.1",
            "python.version": "3.11",
            "python.implementation": "CPython",
            "starlette.version": "0.27",
        }
    ]
    (point,) = metrics["apivitals.gpu.process.memory.usage"].data.data_points
    assert point.attributes == {"hw.id": "GPU-1", "gpu.index": "0", "process.pid": 42}


def test_prometheus_shows_the_names_labels_and_values_of_our_own_page():
    registry = CollectorRegistry()
    reader = PrometheusMetricReader(disable_target_info=True, scope_info_enabled=False, registry=registry)
    provider = MeterProvider([reader], shutdown_on_exit=False)
    families = [
        Family(
            metric,
            (*metric.label_names, "tenant"),
            [Number((*(f"{name} 0" for name in metric.attributes), "acme"), 2.0), Number(None, 3.0)],
        )
        for metric in OBSERVED
    ]
    Observed(provider, [lambda: families], ErrorLog()).attach()
    ours = samples("".join(text for one in families for text in render(one, Format.TEXT)))
    theirs = samples(generate_latest(registry))
    assert shown(theirs) == shown(ours)


def shown(page):
    return {(s.name, *sorted((name, value) for name, value in s.labels.items() if value)): s.value for s in page}


def test_a_view_applies():
    provided = Provided(View(instrument_name="system.cpu.time", name="cpu"))
    observed(provided, Readings().collect)
    assert ("cpu", "user") in provided.read()


def test_nothing_is_shown_after_it_is_detached_and_again_once_it_is_attached(caplog):
    provided, source = Provided(), Readings()
    made = observed(provided, source.collect)
    assert provided.read()
    made.detach()
    made.detach()
    assert provided.read() == {}
    assert source.times == 1
    made.attach()
    made.attach()
    assert provided.read()["system.cpu.time", "user"] == 2
    assert not caplog.records


def test_an_application_that_is_instrumented_again_is_seen_again():
    provided = Provided()
    observed(provided, Readings().collect).detach()
    second = Readings()
    second.times = 10
    observed(provided, second.collect)
    assert provided.read()["system.cpu.time", "user"] == 11


def test_two_applications_of_one_provider(caplog):
    """What each has of its own is joined; the machine is the same for both, not two."""
    provided = Provided()
    oldest = catalog.http.OLDEST_ACTIVE_REQUEST
    sources = [
        Readings(family(ACTIVE, (REQUEST, running)), family(oldest, (REQUEST, age)))
        for running, age in ((2.0, 0.5), (3.0, 0.25))
    ]
    first, _second = (observed(provided, source.collect) for source in sources)
    found = provided.read()
    assert found[("http.server.active_requests", *REQUEST)] == 5
    assert found[("apivitals.http.server.active_requests.max_age", *REQUEST)] == 0.5
    assert found["system.cpu.time", "user"] == 1
    first.detach()
    assert provided.read()[("http.server.active_requests", *REQUEST)] == 3
    assert not caplog.records


def test_a_source_that_raises_costs_its_own_families():
    def broken():
        raise RuntimeError("no sensor")

    provided, errors = Provided(), ErrorLog()
    Observed(provided.provider, [broken, Readings().collect], errors).attach()
    assert ("system.cpu.time", "user") in provided.read()
    assert errors.counts()["collect"] == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_the_sdk_refuses_is_left_out_without_a_warning(value, caplog):
    provided = Provided()
    observed(provided, lambda: [family(LOAD, (("1m",), value), (("5m",), 1.0))])
    assert provided.read() == {("apivitals.system.load_average", "5m"): 1}
    assert not caplog.records


def test_a_provider_that_does_nothing():
    made = Observed(NoOpMeterProvider(), [Readings().collect], ErrorLog())
    made.attach()
    made.detach()


def test_a_provider_that_is_set_after_it_was_attached():
    """One application has the API's stand-in for a provider, another the provider itself, a third the stand-in again.

    In a process of its own, since a provider can be set only once.
    """
    code = """if True:
        from opentelemetry import metrics
        from tests.export.test_observed import ACTIVE, REQUEST, Observed, Provided, ErrorLog, family

        def attached(provider, running):
            made = Observed(provider, [lambda: [family(ACTIVE, (REQUEST, running))]], ErrorLog())
            made.attach()
            return made

        stand_in, provided = metrics.get_meter_provider(), Provided()
        first = attached(stand_in, 1.0)
        metrics.set_meter_provider(provided.provider)
        print(*provided.read().values())
        others = attached(provided.provider, 2.0), attached(stand_in, 4.0)
        print(*provided.read().values())
        first.detach()
        print(*provided.read().values())
        """
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert (done.stdout.split(), done.stderr) == (["1.0", "7.0", "6.0"], "")


def test_an_application_may_come_and_go_while_others_are_read():
    provided = Provided()
    observed(provided, Readings().collect)
    stop = threading.Event()
    found = []

    def read():
        while not stop.is_set():
            found.append(provided.read())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(50):
        observed(provided, Readings().collect).detach()
    stop.set()
    reader.join()
    assert all(("system.cpu.time", "user") in one for one in found)


def test_a_provider_is_let_go_once_nothing_is_attached():
    provided = Provided()
    observed(provided, Readings().collect).detach()
    provider = weakref.ref(provided.provider)
    del provided
    gc.collect()
    assert provider() is None


def test_every_metric_of_the_catalog_is_recorded_or_observed_and_none_is_both():
    """By real parts, all of them switched on: a metric that none of the two ways has would be lost without a word."""
    settings = load({"trust_queue_header": True}, {})
    errors, store = ErrorLog(), Store()
    extra = ExtraLabels(
        fixed={},
        request_labels=None,
        request_label_names=(),
        request_headers=(),
        response_headers=(),
        value_limit=100,
        errors=errors,
    )
    http = HttpMeter(store, settings, extra, errors)
    WebSocketMeter(store, settings, extra, errors)
    background = Background(settings, store)
    Operations().record_through(store)
    recorded = {instrument.metric for instrument in store.instruments()} | {catalog.internal.RENDER_DURATION}
    assert recorded.isdisjoint(OBSERVED)
    assert recorded | set(OBSERVED) == set(CATALOG) - {catalog.internal.TARGET_INFO}
    sampler = Sampler(list(background.sources()), 1.0)
    sampler.sample()
    background.stop()
    found = {
        one.metric
        for collect in (sampler.collect, http.in_flight.collect, Information(Resource({})).collect)
        for one in collect()
    }
    assert found - {catalog.internal.TARGET_INFO} <= set(OBSERVED)
    assert len(found) > 20
    assert all(metric.kind is not Kind.HISTOGRAM for metric in OBSERVED)
