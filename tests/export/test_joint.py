"""A page of several workers: how what each found out is joined, and what becomes of files that cannot be read."""

import math
import shutil
import time
from decimal import Decimal
from typing import Any

import anyio
import anyio.to_thread
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.samples import Exemplar

from apivitals import catalog
from apivitals.errors import ErrorLog
from apivitals.export import snapshot
from apivitals.export.contents import Contents
from apivitals.export.duties import Duties
from apivitals.export.endpoint import MetricsEndpoint
from apivitals.export.foreign import Foreign, Source, of_workers
from apivitals.export.joint import in_flight, labelled
from apivitals.export.own_port import OwnPort
from apivitals.export.page import MetricsPage
from apivitals.export.prometheus import Format
from apivitals.families import Family, Number
from apivitals.store import Store
from apivitals.workers.directory import NotNowError
from apivitals.workers.group import Group
from apivitals.workers.membership import Worker
from tests.support.asgi import Client
from tests.support.descriptors import none_left_for
from tests.support.exposition import samples
from tests.support.plain_http import get

ACTIVE, OLDEST = catalog.http.ACTIVE_REQUESTS, catalog.http.OLDEST_ACTIVE_REQUEST
UPTIME, HOST = catalog.process.UPTIME, catalog.host.MEMORY_LIMIT
ROUTE = ("GET", "http", "/a", "medium")
FINITE = st.floats(allow_nan=False)


def family(metric, *points):
    return Family(metric, metric.label_names, [Number(labels, value) for labels, value in points])


def points(families):
    return {(f.metric.exposed, f.label_names): [tuple(point) for point in f.points] for f in families}


def test_requests_in_flight_are_added_and_their_ages_are_not():
    one = [family(ACTIVE, (ROUTE, 2.0)), family(OLDEST, (ROUTE, 7.0))]
    two = [family(ACTIVE, (ROUTE, 3.0), (("POST", *ROUTE[1:]), 1.0)), family(OLDEST, (ROUTE, 5.0))]
    assert points(in_flight([one, two])) == {
        (ACTIVE.exposed, ACTIVE.label_names): [(ROUTE, 5.0), (("POST", *ROUTE[1:]), 1.0)],
        (OLDEST.exposed, OLDEST.label_names): [(ROUTE, 7.0)],
    }


def test_what_is_of_a_worker_has_its_label_and_what_is_of_none_has_not():
    machine = [family(HOST, ((), 1.0)), family(catalog.source.UP, (("host",), 1.0))]
    process = [family(UPTIME, ((), 5.0)), family(catalog.source.UP, (("process",), 0.0))]
    up = (catalog.source.UP.exposed, ("source", "worker"))
    assert points(labelled({"": machine, "0": process, "1": process})) == {
        (HOST.exposed, ()): [((), 1.0)],
        (UPTIME.exposed, ("worker",)): [(("0",), 5.0), (("1",), 5.0)],
        up: [(("host", ""), 1.0), (("process", "0"), 0.0), (("process", "1"), 0.0)],
    }


@given(FINITE, st.text(), FINITE)
def test_our_own_part_is_read_as_it_was_written(taken, route, value):
    labels = ("GET", "http", route, "medium")
    vitals = snapshot.Vitals(taken, [family(ACTIVE, (labels, value))], [family(UPTIME, ((), math.inf))])
    content = snapshot.write_vitals(vitals) + snapshot.write_foreign(snapshot.Foreign(0.0, []), ErrorLog())
    read = snapshot.read(content).vitals
    assert read.taken == taken
    assert points(read.in_flight) == points(vitals.in_flight)
    assert points(read.process) == points(vitals.process)


def registry_of_everything():
    registry = CollectorRegistry()
    Counter("c", "a\n\\b", ["x"], registry=registry).labels('"\n\\').inc(2, {"trace_id": "abc"})
    Gauge("g", "NaN", registry=registry).set(math.nan)
    Histogram("h", "h", registry=registry, unit="seconds").observe(0.3, {"trace_id": "abc"})
    Summary("s", "s", registry=registry).observe(1)
    Info("i", "i", registry=registry).info({"version": "1"})
    Enum("e", "e", states=["on", "off"], registry=registry).state("off")

    class WithTime:
        def collect(self):
            timed = GaugeMetricFamily("timed", "t", labels=["x"])
            timed.add_metric(["1"], 1.0, timestamp=1700000000.5)
            yield timed

    registry.register(WithTime())
    return registry


@pytest.mark.parametrize("form", Format)
def test_what_others_made_is_read_as_it_was_written(form):
    foreign = Foreign(ErrorLog(), [Source(registry_of_everything())])
    families = foreign.families()
    content = snapshot.write_vitals(snapshot.Vitals(0.0, [], [])) + snapshot.write_foreign(
        snapshot.Foreign(1.5, families), ErrorLog()
    )
    read = snapshot.read(content).foreign
    assert read.taken == 1.5
    assert foreign.render(read.families, form) == foreign.render(families, form)
    assert len(read.families) == 7


def test_exemplars_of_others_are_kept():
    registry = CollectorRegistry()
    Counter("c", "c", registry=registry).inc(2, {"trace_id": "abc"})
    families = Foreign(ErrorLog(), [Source(registry)]).families()
    line = snapshot.write_vitals(snapshot.Vitals(0.0, [], [])) + snapshot.write_foreign(
        snapshot.Foreign(0, families), ErrorLog()
    )
    (total,) = [s for f in snapshot.read(line).foreign.families for s in f.samples if s.name == "c_total"]
    assert isinstance(total.exemplar, Exemplar)
    assert total.exemplar.labels == {"trace_id": "abc"}


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]\n[]\n", b"[1,[],[]]", b'[1,[["unknown",[],[]]],[]]\n[1,[]]', b"\xff"]
)
def test_a_damaged_snapshot_is_an_error_that_says_so(content):
    with pytest.raises(ValueError, match="it is damaged"):
        snapshot.read(content)
    with pytest.raises(ValueError, match="it is damaged"):
        snapshot.read_machine(content + b'[["unknown",[],[]]]')


def test_families_of_workers_are_joined_under_one_name():
    def families(kind, change):
        registry = CollectorRegistry()
        change(kind("jobs", "help", ["worker"], registry=registry).labels("mine"))
        return Foreign(ErrorLog(), [Source(registry)]).families()

    gauge, other = families(Gauge, lambda jobs: jobs.set(3)), families(Info, lambda jobs: jobs.info({"x": "y"}))
    joined = of_workers({"0": gauge, "1": gauge, "2": other}, "worker")
    text = "".join(Foreign(ErrorLog()).render(joined, Format.TEXT))
    assert text.splitlines() == [
        "# HELP jobs help",
        "# TYPE jobs gauge",
        'jobs{exported_worker="mine",worker="0"} 3.0',
        'jobs{exported_worker="mine",worker="1"} 3.0',
    ]


class Service:
    """A page with its duties, of one worker."""

    def __init__(self, group, *, machine=True):
        self.errors = ErrorLog()
        self.store = Store()
        self.requests = self.store.counter(catalog.operation.OPERATION_ITEMS)
        self.registry = CollectorRegistry()
        self.reads_machine = False
        contents = Contents(
            self.errors,
            stores={"http": self.store},
            in_flight=lambda: [family(ACTIVE, (ROUTE, 1.0))],
            process=lambda: [family(UPTIME, ((), 1.0))],
            machine=lambda: [family(HOST, ((), 64.0))] if self.reads_machine and machine else [],
        )
        self.page = MetricsPage(self.store, contents, Foreign(self.errors, [Source(self.registry)]), self.errors)
        self.worker = Worker(group, *group.claim(afresh=False))
        self.page.join(self.worker)
        self.duties = Duties(
            self.page, self.errors, foreign_seconds=0.0, start_machine=self.start_machine, open_port=lambda: None
        )

    def start_machine(self):
        self.reads_machine = True

    def shown(self, form=Format.TEXT):
        pieces = self.page.slices(self.page.gather(form), form, gzip=False)
        return samples(b"".join(pieces))

    def end(self):
        self.worker.forget()


@pytest.fixture
def pair(tmp_path):
    directory = tmp_path / "base" / "group"
    directory.parent.mkdir(mode=0o700)
    services = [Service(Group(directory, ErrorLog())) for _ in range(2)]
    for _ in range(2):
        for service in services:
            service.duties.turn()
    yield services
    for service in services:
        service.end()


def test_a_page_has_what_all_found_out(pair):
    for form in Format:
        for service in pair:
            shown = service.shown(form)
            assert shown.value("http_server_active_requests") == 2
            assert shown.label_values("process_uptime_seconds", "worker") == {"0", "1"}
            assert [sample.labels for sample in shown.series("system_memory_limit_bytes")] == [{}]
            assert shown.value("apivitals_workers") == 2
    assert [service.reads_machine for service in pair] == [True, False]


def test_metrics_of_others_come_with_the_next_snapshot(pair):
    first, second = pair
    Counter("orders", "help", registry=second.registry).inc(3)
    assert not first.shown().has("orders_total")
    second.duties.turn()
    assert [(s.labels, s.value) for s in first.shown().series("orders_total")] == [({"worker": "1"}, 3.0)]
    assert [(s.labels, s.value) for s in second.shown().series("orders_total")] == [({"worker": "1"}, 3.0)]


class Ledger:
    """A collector of a database's sums, which are decimals, and of something that is no number at all."""

    def collect(self):
        values: dict[str, Any] = {"balance": Decimal("1.5"), "nonsense": object()}
        return [GaugeMetricFamily(name, "help", value=value) for name, value in values.items()]


def test_a_family_of_others_that_cannot_be_written_costs_itself(pair):
    first, second = pair
    second.registry.register(Ledger())
    second.duties.turn()
    shown = first.shown()
    assert [(s.labels, s.value) for s in shown.series("balance")] == [({"worker": "1"}, 1.5)]
    assert not shown.has("nonsense")
    assert second.errors.counts()["collect"] == 1


@pytest.mark.parametrize("ending", [".names", ".values", ".snapshot-0", "machine-0"])
def test_there_is_no_page_without_one_of_the_workers(pair, ending):
    first, _ = pair
    with none_left_for(ending), pytest.raises(NotNowError):
        first.shown()
    assert first.errors.counts()["workers"] == 1
    assert first.shown().value("http_server_active_requests") == 2


@pytest.mark.anyio
async def test_the_answer_is_then_503_on_both_ports(pair):
    first, _ = pair
    own = OwnPort(first.page, "127.0.0.1", 0, "/metrics", None)
    own.open()
    try:
        with none_left_for(".names"):
            endpoint = MetricsEndpoint(first.page, "/metrics", None, str)
            answers: list[Any] = [await Client(endpoint).get("/metrics")]
            answers.append(await anyio.to_thread.run_sync(get, f"http://127.0.0.1:{own.number}/metrics"))
    finally:
        own.close()
    for answer in answers:
        assert answer.status == 503
        assert answer.body == b"What another worker has counted cannot be read now: see the log.\n"


def test_a_damaged_snapshot_costs_itself_and_is_said_once(pair, caplog):
    first, second = pair
    path = second.worker.files.snapshot(0)
    path.write_bytes(b"half")
    for _ in range(3):
        shown = first.shown()
        assert shown.label_values("process_uptime_seconds", "worker") == {"0"}
        assert shown.value("http_server_active_requests") == 1
    assert shown.value("apivitals_internal_errors_total", operation="workers") == 0  # its own log counts it
    assert first.errors.counts()["workers"] == 1
    assert caplog.text.count(f"{path} is left out: it is damaged") == 1
    second.duties.turn()
    assert first.shown().label_values("process_uptime_seconds", "worker") == {"0", "1"}


def test_a_damaged_file_about_the_machine_costs_itself(pair):
    first, second = pair
    first.worker.group.machine(0).write_bytes(b"half")
    assert not second.shown().has("system_memory_limit_bytes")
    first.duties.turn()
    assert second.shown().has("system_memory_limit_bytes")


def test_another_takes_the_machine_over(pair):
    first, second = pair
    first.end()
    assert second.shown().has("system_memory_limit_bytes")  # the last that was read
    second.duties.turn()
    second.duties.turn()
    assert second.reads_machine
    shown = second.shown()
    assert shown.has("system_memory_limit_bytes")
    assert (shown.value("apivitals_workers"), shown.value("apivitals_workers_ended_total")) == (1, 1)


def test_files_that_are_removed_are_made_again(pair, caplog):
    """As systemd does with a user's files in /dev/shm, unless told not to, when that user logs out."""
    first, second = pair
    for number, service in enumerate(pair, 1):
        service.requests.bind(("resize", "video")).add(number)
    shutil.rmtree(first.worker.group.directory.parent)
    for _ in range(2):
        for service in pair:
            service.duties.turn()
    assert caplog.text.count("was removed, and is made again") == 2
    for service in pair:
        shown = service.shown()
        assert shown.value("apivitals_workers") == 2
        assert shown.value("apivitals_operation_items_total") == 3
        assert shown.has("system_memory_limit_bytes")
    assert first.worker.machine.is_mine
    assert not second.worker.machine.is_mine


def test_a_snapshot_that_is_late_says_so(pair, monkeypatch):
    first, _ = pair
    now = time.time()
    monkeypatch.setattr("apivitals.export.joint.time", lambda: now + 60)
    age = first.shown().value("apivitals_worker_snapshot_age_seconds", part="vitals")
    assert 59 < age < 90, "a minute, and what the test itself takes"


def test_what_fails_in_a_turn_does_not_keep_the_rest_from_being_done(pair):
    first, second = pair
    first.worker.group.fold = failing
    before = time.time()
    first.duties.turn()
    assert second.page.gather(Format.TEXT).families is not None
    assert snapshot.read(first.worker.files.snapshot(0).read_bytes()).vitals.taken >= before
    assert first.errors.counts()["workers"] == 1


def failing():
    raise OSError("no")


def test_a_page_of_prometheus_client_is_as_before_without_workers():
    registry = registry_of_everything()
    foreign = Foreign(ErrorLog(), [Source(registry)])
    assert "".join(foreign.render(foreign.families(), Format.TEXT)) == generate_latest(registry).decode()
