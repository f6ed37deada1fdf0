"""What watches a service with several workers: Prometheus, a collector by OTLP, the log."""

import json
import os
import signal
import sys
import time
import urllib.parse
from collections import Counter
from functools import partial

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from tests.support.exposition import samples
from tests.support.otlp_receiver import receiver
from tests.support.otlp_samples import pushed
from tests.support.plain_http import get
from tests.support.servers import eventually, free_port, listens, prometheus, running
from tests.support.workers import (
    APP,
    COUNT,
    ENDED,
    WORKERS,
    Load,
    directory_of,
    kill,
    living,
    page,
    page_of_each,
    processes,
    serving,
)

pytest.importorskip("fastapi", reason="the service is a FastAPI one")
pytest.importorskip("gunicorn", reason="no gunicorn on this platform")

HELLO = {"http_route": "/hello/{name}"}


def query(server, expression):
    found = json.loads(get(f"{server.url}/api/v1/query?query={urllib.parse.quote(expression)}").body)
    assert found["status"] == "success", found
    return [float(each["value"][1]) for each in found["data"]["result"]]


def test_prometheus_sees_no_reset_and_no_spike_at_a_restart():
    with serving("gunicorn") as service:
        config = (
            "scrape_configs:\n"
            "- {job_name: shared, scrape_interval: 500ms, scrape_timeout: 500ms, static_configs: "
            f"[{{targets: ['127.0.0.1:{service.port}']}}]}}\n"
        )
        selector = f'{COUNT}{{http_route="/hello/{{name}}"}}'
        with prometheus(config) as server, Load(service.port, clients=2, pause_seconds=0.02) as load:
            for n in range(4):
                kill(service, signal.SIGKILL if n % 2 else signal.SIGTERM)
                eventually(partial(have_ended, service, n + 1), "it has ended")
                eventually(lambda: living(service) == WORKERS, "another has taken its place")
            eventually(lambda: query(server, f"sum(count_over_time({selector}[5m])) > 10") != [], "ten scrapes")
            eventually(lambda: query(server, f"sum({selector}) > {0.9 * load.completed}") != [], "the newest")
            fastest = query(server, f"max_over_time(rate({selector}[3s])[5m:500ms])")
            resets = query(server, f"resets({selector}[5m])")
        assert resets == [0.0]
        # The most that the load can be, with room for scrapes that are answered late; a reset would be all requests so
        # far, in one interval
        assert len(fastest) == 1
        assert fastest[0] < 1.5 * load.clients / load.pause_seconds


def have_ended(service, workers):
    try:
        return page(service).value(ENDED) == workers
    except OSError:
        return False


def test_every_worker_pushes_its_own_by_otlp():
    with receiver("http/protobuf") as collector:
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
            "OTEL_TRACES_EXPORTER": "none",
        }
        with serving("gunicorn", "--preload", env=environment) as service:
            with Load(service.port) as load:
                eventually(lambda: len(processes(service)) == WORKERS, "all have answered")
                eventually(lambda: load.completed > 200, "200 requests")
                eventually(lambda: len(hellos(collector)) == WORKERS, "all have pushed that they were asked")
            eventually(lambda: readers_of_the_machine(collector) > 0, "a push of the machine")
            readers = readers_of_the_machine(collector)  # before one that ends leaves it to another
            service.stop()
        assert readers == 1
        assert len(last_pushes(collector)) == WORKERS
        assert sum(hellos(collector).values()) == load.completed


def last_pushes(collector):
    """Return what each worker has told last, by instance."""
    instances: dict[str, list[Metric]] = {}
    for message in list(collector.requests["metrics"]):
        for resource in message.resource_metrics:
            names = {a.key: a.value.string_value for a in resource.resource.attributes}
            metrics = [metric for scope in resource.scope_metrics for metric in scope.metrics]
            instances.setdefault(names["service.instance.id"], []).extend(metrics)
    return {instance: pushed(metrics) for instance, metrics in instances.items()}


def hellos(collector):
    """Return how often each worker says that it was asked, by instance, of those that were."""
    counts: Counter[str] = Counter()
    for instance, found in last_pushes(collector).items():
        counts[instance] += sum(v for (name, labels), v in found.items() if name == COUNT and HELLO.items() <= labels)
    return +counts


def readers_of_the_machine(collector):
    told = last_pushes(collector).values()
    return sum(any(name == "system_memory_limit_bytes" for name, _ in found) for found in told)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_cannot_be_written_is_one_warning(tmp_path):
    tmp_path.chmod(0o500)
    check_alone(str(tmp_path))


def test_a_directory_that_cannot_be_made_is_one_warning_a_worker(tmp_path):
    (tmp_path / "file").write_text("")
    check_alone(str(tmp_path / "file" / "directory"))


def check_alone(directory):
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", APP, f"--port={port}", "--workers=2", "--no-access-log"]
    with running(command, port, lambda: listens(port), {"APIVITALS_WORKER_DIR": directory}) as service:
        eventually(lambda: service.log.count("workers cannot share their metrics") == 2, "a warning of each")
        for _ in range(10):
            assert get(f"{service.url}/hello/ada").status == 200
        shown = page(service)
        assert shown.value(COUNT, **HELLO) <= 10
        assert not shown.has("apivitals_workers")
        assert f"{directory} cannot be made" in service.log
        assert "set worker_dir (APIVITALS_WORKER_DIR)" in service.log


def test_workers_can_be_told_not_to_share():
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", APP, f"--port={port}", "--workers=2", "--no-access-log"]
    with running(command, port, lambda: listens(port), {"APIVITALS_WORKER_DIR": "off"}) as service:
        eventually(lambda: page_has_uptime(service), "a page")
        assert not page(service).has("apivitals_workers")
        assert "cannot share" not in service.log


def page_has_uptime(service):
    try:
        return page(service).has("process_uptime_seconds")
    except OSError:
        return False


def test_processes_that_are_told_the_same_directory_are_one_service(tmp_path):
    """As instances of one systemd template are; their ports are their own."""
    environment = {"APIVITALS_WORKER_DIR": str(tmp_path)}
    ports = [free_port(), free_port()]
    commands = [[sys.executable, "-m", "uvicorn", APP, f"--port={port}", "--no-access-log"] for port in ports]
    with running(commands[0], ports[0], lambda: listens(ports[0]), environment) as first:
        with running(commands[1], ports[1], lambda: listens(ports[1]), environment) as second:
            for server in (first, second, second):
                get(f"{server.url}/hello/ada")
            for server in (first, second):
                eventually(partial(have_counted, server, 3), "both say three")
            other = environment | {"OTEL_SERVICE_NAME": "another"}
            port = free_port()
            command = [sys.executable, "-m", "uvicorn", APP, f"--port={port}", "--no-access-log"]
            with running(command, port, lambda: listens(port), other) as third:
                assert page(third).value(COUNT, **HELLO) == 0
        assert have_counted(first, 3)
    with running(commands[0], ports[0], lambda: listens(ports[0]), environment) as again:
        assert page(again).value(COUNT, **HELLO) == 0


def have_counted(service, requests):
    return page(service).value(COUNT, **HELLO) == requests


def test_reload_keeps_the_counts(tmp_path):
    """And the file that changes is another than the service's, so that the test need not edit itself."""
    (tmp_path / "watched.py").write_text("")
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", APP, f"--port={port}", "--reload", f"--reload-dir={tmp_path}"]
    with running(command, port, lambda: listens(port)) as service:
        eventually(lambda: living(service) == 1, "a worker")
        get(f"{service.url}/hello/ada")
        time.sleep(1.0)  # the watcher compares times of modification
        (tmp_path / "watched.py").write_text("changed = True\n")
        eventually(partial(have_ended, service, 1), "it has been replaced")
        get(f"{service.url}/hello/ada")
        assert page(service).value(COUNT, **HELLO) == 2


def test_every_page_is_well_formed_for_every_worker():
    """And in OpenMetrics, whose rules are stricter."""
    with serving("gunicorn") as service:
        get(f"{service.url}/hello/ada")
        assert len(page_of_each(service)) == WORKERS
        answer = get(f"{service.url}/metrics", {"accept": "application/openmetrics-text"})
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        assert samples(answer.body).value("apivitals_workers") == WORKERS
        assert directory_of(service).is_dir()
