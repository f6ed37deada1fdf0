"""Four workers under real servers: any of them answers for all, whoever dies meanwhile."""

import os
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.support.exposition import samples
from tests.support.plain_http import get, request
from tests.support.servers import eventually, free_port
from tests.support.workers import (
    AGE,
    COMMANDS,
    COUNT,
    ENDED,
    LIVING,
    WORKERS,
    Load,
    Watch,
    directory_of,
    kill,
    living,
    page,
    page_of_each,
    resident_bytes,
    serving,
)

pytest.importorskip("fastapi", reason="the service is a FastAPI one")
pytest.importorskip("gunicorn", reason="no gunicorn on this platform")

UPTIME = "process_uptime_seconds"
HELLO = {"http_route": "/hello/{name}"}


@pytest.mark.parametrize("server", [name for name in COMMANDS if name != "gunicorn-recycling"])
def test_any_worker_says_how_many_requests_all_have_answered(server):
    with serving(server) as service:
        with Load(service.port, clients=4, pause_seconds=0.0) as load:
            eventually(lambda: load.completed >= 400, "400 requests")
        assert load.failed == 0
        eventually(lambda: page(service).value(COUNT, **HELLO) == load.completed, f"{load.completed} requests")
        pages = page_of_each(service)
        assert sorted(pages) == ["0", "1", "2", "3"]
        assert {shown.value(COUNT, **HELLO) for shown in pages.values()} == {load.completed}
        assert {shown.value(LIVING) for shown in pages.values()} == {WORKERS}
        service.stop()
        assert "Traceback" not in service.log


@pytest.mark.parametrize("server", ["uvicorn", "gunicorn"])
def test_nothing_is_lost_when_workers_are_told_to_end(server):
    """SIGTERM: what a worker has begun it answers, so the sum is exactly what the clients count."""
    with serving(server) as service:
        with Watch(service) as watch, Load(service.port) as load:
            for n in range(3):
                kill(service, signal.SIGTERM)
                eventually(partial(have_ended, service, n + 1), "it has ended")
                eventually(lambda: living(service) == WORKERS, "another has taken its place")
        eventually(lambda: page(service).value(COUNT, **HELLO) == load.completed, f"{load.completed} requests")
        assert watch.falls == []
        assert watch.scrapes > 20


@pytest.mark.parametrize("server", ["uvicorn", "gunicorn"])
def test_what_was_counted_outlives_a_kill(server):
    """SIGKILL: a request is counted once its last byte was handed to the server, in the same turn of the event loop.

    So of those that were answered at most one a killed worker is missing, and of those that were not, all may be there.
    """
    kills = 4
    with serving(server) as service:
        with Watch(service) as watch, Load(service.port) as load:
            for n in range(kills):
                kill(service, signal.SIGKILL)
                eventually(partial(have_ended, service, n + 1), "it has ended")
                eventually(lambda: living(service) == WORKERS, "another has taken its place")
        time.sleep(0.5)
        counted = page(service).value(COUNT, **HELLO)
        assert load.completed - kills <= counted <= load.completed + load.failed
        assert watch.falls == []
        assert watch.scrapes > 20
        assert {shown.value(COUNT, **HELLO) for shown in page_of_each(service).values()} == {counted}
        assert "Traceback" not in service.log.replace("uvloop", "")


def test_workers_that_are_recycled_lose_nothing():
    """Gunicorn ends each after some sixty requests, under load."""
    with serving("gunicorn-recycling") as service:
        with Watch(service) as watch, Load(service.port, pause_seconds=0.02) as load:
            eventually(lambda: page_or_nothing(service).get(ENDED, 0) >= 6, "six have been recycled", seconds=120)
        eventually(lambda: living(service) == WORKERS, "they have been replaced")
        eventually(lambda: page_or_nothing(service).get(COUNT) == load.completed, f"{load.completed} requests")
        assert watch.falls == []
        assert watch.scrapes > 20


def have_ended(service, workers):
    return page_or_nothing(service).get(ENDED) == workers


def page_or_nothing(service):
    try:
        shown = page(service)
    except OSError:
        return {}
    return {ENDED: shown.value(ENDED), COUNT: shown.value(COUNT, **HELLO)}


def all_are_seen(service):
    return page(service).label_values(UPTIME, "worker") == {"0", "1", "2", "3"}


def test_the_series_do_not_grow_with_restarts():
    with serving("gunicorn") as service:
        for n in range(3):
            eventually(lambda: all_are_seen(service), "all four look at themselves")
            kill(service, signal.SIGKILL)
            eventually(partial(have_ended, service, n + 1), "it has ended")
            eventually(lambda: living(service) == WORKERS, "another has taken its place")
        eventually(lambda: all_are_seen(service), "all four look at themselves, under the same labels")


def holder(service, role):
    """Return the worker that does something for all: the one that has the file open whose lock it is."""
    path = str(directory_of(service) / f"{role}.lock")
    for process in children(service):
        with suppress(psutil.NoSuchProcess):
            if path in {file.path for file in psutil.Process(process).open_files()}:
                return process
    return None


def test_the_machine_is_read_by_one_and_another_takes_over():
    memory, age = "system_memory_limit_bytes", "apivitals_source_sample_age_seconds"
    with serving("gunicorn") as service:

        def every_page_is_complete():
            return all(
                [sample.labels for sample in shown.series(memory)] == [{}] and len(shown.series(UPTIME)) == WORKERS
                for shown in page_of_each(service).values()
            )

        eventually(every_page_is_complete, "the machine once and every process on each page")
        first = holder(service, "machine")
        os.kill(first, signal.SIGKILL)
        eventually(lambda: holder(service, "machine") not in (None, first), "another reads it")
        left = page(service).value(age, source="host")  # stays as it is until the other has read the machine

        def is_new():
            shown = page(service)
            return shown.has(memory) and shown.value(age, source="host") not in {0.0, left}

        eventually(is_new, "a new sample")


def test_requests_in_flight_are_those_of_all():
    with serving("uvicorn") as service:
        answers = []
        threads = [
            threading.Thread(target=lambda: answers.append(get(f"{service.url}/wait/4").status)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        flying = {"http_route": "/wait/{seconds}"}
        eventually(lambda: page(service).value("http_server_active_requests", **flying) == 8, "eight in flight")
        for thread in threads:
            thread.join()
        assert answers == [200] * 8
        eventually(lambda: page(service).value("http_server_active_requests", **flying) == 0, "none in flight")


def test_metrics_that_others_made_are_shown_by_worker():
    with serving("gunicorn") as service:
        by_process: Counter[int] = Counter()

        def all_have_been_asked():
            by_process[int(request("POST", f"{service.url}/orders").body)] += 1
            return len(by_process) == WORKERS and sum(by_process.values()) >= 30

        eventually(all_have_been_asked, "an order to each worker, and thirty in all")
        expected = sorted(by_process.values())

        def all_shown():
            shown = page(service)
            return all(
                sorted(s.value for s in shown.series(name)) == expected for name in ("orders_total", "mails_total")
            )

        eventually(all_shown, "what every worker has left")
        shown = page(service)
        for sample in shown.series("orders_total"):
            assert sample.labels == {"kind": "book", "exported_worker": "ada", "worker": sample.labels["worker"]}
        assert shown.value("apivitals_operation_duration_seconds_count", component="video") == sum(expected)
        ages = shown.series(AGE)
        assert {(s.labels["part"]) for s in ages} == {"vitals", "foreign"}
        assert all(0 <= s.value < 15 for s in ages)


def test_the_port_of_its_own_is_taken_over():
    port = free_port()
    own = f"http://127.0.0.1:{port}/metrics"
    environment = {"APIVITALS_METRICS_PORT": str(port), "APIVITALS_METRICS_PATH": "/metrics"}
    with serving("gunicorn", env=environment) as service:
        with Load(service.port, clients=2) as load:
            eventually(lambda: load.completed > 100, "some requests")
        eventually(lambda: samples(get(own).body).value(COUNT, **HELLO) == load.completed, "the sum there")
        os.kill(holder(service, "port"), signal.SIGKILL)
        eventually(lambda: answers(own), "another serves on the port")
        assert samples(get(own).body).value(COUNT, **HELLO) == load.completed
        assert service.stop() == 0
        assert not answers(own)


def answers(url):
    try:
        return get(url).status == 200
    except OSError:
        return False


def test_two_services_of_one_shell_share_nothing():
    with serving("gunicorn") as first, serving("uvicorn") as second:
        for _ in range(20):
            get(f"{first.url}/hello/ada")
        eventually(lambda: page(first).value(COUNT, **HELLO) == 20, "twenty requests")
        assert page(second).value(COUNT, **HELLO) == 0
        assert directory_of(first) != directory_of(second)


def test_what_a_dead_group_left_is_removed_at_the_next_start(tmp_path):
    """In a directory of the test's own: whoever starts elsewhere on the machine tidies up the common one."""
    environment = {"APIVITALS_WORKER_DIR": str(tmp_path)}
    with serving("gunicorn", env=environment):
        (left,) = groups(tmp_path)
    assert groups(tmp_path) == [left]
    with serving("gunicorn", env=environment):
        eventually(lambda: left not in groups(tmp_path), "it is removed")
        assert len(groups(tmp_path)) == 1


def groups(directory):
    return list((directory / f"apivitals-{os.geteuid()}").iterdir())


def test_two_hundred_recycled_workers_leave_no_files_and_take_no_memory():
    """One of four is killed again and again, under load; the other three read what it left each time."""
    recycled = 200
    with serving("gunicorn", "--preload") as service:
        survivors = children(service)[:-1]
        files, retired, resident = [], [], []
        with Load(service.port, clients=2, pause_seconds=0.02) as load:
            for n in range(recycled):
                (victim,) = set(children(service)) - set(survivors)
                os.kill(victim, signal.SIGKILL)
                eventually(partial(have_ended, service, n + 1), "it has ended")
                eventually(lambda: living(service) == WORKERS, "another has taken its place")
                names = [path.name for path in directory_of(service).iterdir()]
                files.append(len(names))
                retired.append((directory_of(service) / "retired").stat().st_size if "retired" in names else 0)
                resident.append(sum(map(resident_bytes, survivors)))
        counted = page(service).value(COUNT, **HELLO)
        assert load.completed - recycled <= counted <= load.completed + load.failed
    steady = recycled // 4
    assert max(files[steady:]) <= max(files[:steady]) + 6  # three of a worker, and one may not be folded yet
    assert max(retired[steady:]) <= 1.1 * max(retired[:steady])
    assert resident[-1] <= 1.05 * resident[steady]


def children(service):
    return [
        int(child)
        for child in Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split()
    ]
