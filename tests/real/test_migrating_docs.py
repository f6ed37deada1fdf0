"""What docs/migrating.md says of the others is what they do: names, labels, both at once, differences.

What is theirs is only checked where they are installed, as by `make benchmark`; what is ours always.
"""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from apivitals import Settings
from apivitals.catalog import CATALOG
from tests.support.exposition import Samples, samples
from tests.support.servers import ROOT

pytest.importorskip("fastapi", reason="what is migrated is a FastAPI service")
pytest.importorskip("httpx", reason="asks the services")

PAGE = (ROOT / "docs" / "migrating.md").read_text()
INSTRUMENTATOR, EXPORTER = "prometheus_fastapi_instrumentator", "starlette_exporter"
SERVICE = """
import asyncio, json, logging, os, sys
import httpx
from fastapi import BackgroundTasks, FastAPI

logging.disable()
app = FastAPI(title="shop")

@app.get("/books/{number}")
async def book(number: int): return number

@app.post("/books")
async def add(content: dict): return content

@app.get("/broken")
async def broken(): raise KeyError

@app.get("/mail")
async def mail(tasks: BackgroundTasks): tasks.add_task(asyncio.sleep, 0.2)

def instrumentator(**options):
    from prometheus_fastapi_instrumentator import Instrumentator
    Instrumentator(**options).instrument(app).expose(app)

def exporter():
    from starlette_exporter import PrometheusMiddleware, handle_metrics
    from starlette_exporter.optional_metrics import request_body_size, response_body_size
    app.add_middleware(PrometheusMiddleware, optional_metrics=[request_body_size, response_body_size])
    app.add_route("/metrics", handle_metrics)

def opentelemetry():
    from opentelemetry.exporter.prometheus import PrometheusMetricReader
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
    from opentelemetry.sdk.metrics import MeterProvider
    from prometheus_client import make_asgi_app
    FastAPIInstrumentor.instrument_app(app, meter_provider=MeterProvider([PrometheusMetricReader()]))
    app.mount("/theirs", make_asgi_app())

def ours(**settings):
    import apivitals
    apivitals.instrument(app, disabled_sources=["host", "gpu"], **settings)

async def visit(*pages):
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        for path in ("/books/7", "/broken", "/mail", "/nowhere"):
            await client.get(path)
        await client.post("/books", json={})
        print(json.dumps([(await client.get(page)).text for page in pages]))
"""


def pages(setup: str, *paths: str, env: dict[str, str] | None = None) -> list[Samples]:
    """Visit the service, instrumented by `setup`, in a process of its own; return what these paths show."""
    script = f"{SERVICE}\nos.environ.update({env or {}!r})\n{setup}\nasyncio.run(visit(*{paths!r}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    texts: list[str] = json.loads(done.stdout)
    return [samples(text) for text in texts]


def section(title: str) -> str:
    (found,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def rows(title: str, *columns: str) -> list[list[str]]:
    """The rows of the section's table with that head."""
    head = "| " + " | ".join(columns) + " |\n"
    body = section(title).split(head)[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in body.splitlines()[1:]]


def metric_names(text: str) -> set[str]:
    """Metrics as Prometheus has them, of a cell; labels in braces, and what is no metric, are left out."""
    quoted = re.findall(r"`([^`]+)`", text)
    return {name.split("{")[0] for name in quoted if re.fullmatch(r"[a-z]+(_[a-z]+){2,}(\{[\w,]*\})?", name)}


def names(shown: Samples) -> set[str]:
    return shown.names() | set(shown.families) | {name.removesuffix("_bucket") for name in shown.names()}


@pytest.fixture(scope="module")
def our_page() -> Samples:
    (shown,) = pages("ours()", "/metrics")
    return shown


@pytest.mark.parametrize(
    ("title", "columns"),
    [
        ("prometheus-fastapi-instrumentator", ("there", "here")),
        ("opentelemetry-instrumentation-fastapi", ("there, by default", "there, with the opt-in", "here")),
        ("starlette_exporter", ("there", "here")),
    ],
)
def test_our_names_are_on_the_page(our_page, title, columns):
    ours = metric_names("\n".join(row[-1] for row in rows(title, *columns)))
    headers = {"http_request_header_x_tenant"}
    # CPU and memory come with the sampler, which a visit without a lifespan does not wait for
    sampled = {"process_cpu_time_seconds_total", "process_memory_usage_bytes"}
    assert sampled <= {metric.exposed for metric in CATALOG}
    labels = set().union(*(sample.labels for sample in our_page))
    assert ours - headers - sampled - labels - Settings.model_fields.keys() <= names(our_page)
    assert ours


def test_our_labels_are_on_the_page(our_page):
    (series,) = our_page.series("http_server_request_duration_seconds_count", http_route="/books/{number}")
    for title, columns in (
        ("prometheus-fastapi-instrumentator", ("label", "here", "")),
        ("opentelemetry-instrumentation-fastapi", ("label there, by default", "with the opt-in", "here")),
    ):
        found = set()
        for row in rows(title, *columns) if columns[-1] else _three_columns(title):
            found |= {word for word in re.findall(r"`(\w+)`", row[1 if not columns[-1] else 2]) if "_" in word}
        assert found - {"_OTHER"} <= set(series.labels)


def _three_columns(title: str) -> list[list[str]]:
    body = section(title).split("| label | here | |\n")[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in body.splitlines()[1:]]


def test_the_instrumentators_names_and_labels_are_on_its_page():
    pytest.importorskip(INSTRUMENTATOR, reason="the extra `benchmark` has it, which `make test` installs")
    setup = "instrumentator(should_instrument_requests_inprogress=True)"
    (shown,) = pages(setup, "/metrics")
    theirs = metric_names("\n".join(row[0] for row in rows("prometheus-fastapi-instrumentator", "there", "here")))
    assert theirs - {"http_combined_size_bytes"} <= names(shown)
    assert shown.label_values("http_requests_total", "handler") == {
        "/books/{number}",
        "/books",
        "/broken",
        "/mail",
        "none",
    }
    assert shown.label_values("http_requests_total", "status") == {"2xx", "4xx", "5xx"}
    assert set(shown.buckets("http_request_duration_seconds")) == {"0.1", "0.5", "1.0", "+Inf"}
    assert len(shown.buckets("http_request_duration_highr_seconds")) == 22
    of_route = [one for one in shown if one.labels.get("handler") == "/books/{number}"]
    assert len(of_route) == 15
    assert sum(one.name.endswith("_created") for one in of_route) == 4


def test_the_exporters_names_and_labels_are_on_its_page():
    pytest.importorskip(EXPORTER, reason="the extra `benchmark` has it, which `make test` installs")
    (shown,) = pages("exporter()", "/metrics")
    theirs = metric_names("\n".join(row[0] for row in rows("starlette_exporter", "there", "here")))
    assert theirs - {"group_paths", "filter_unhandled_paths"} <= names(shown)
    (one,) = shown.series("starlette_requests_total", path="/books/{number}")
    assert set(one.labels) == {"method", "path", "status_code", "app_name"}
    assert "/nowhere" not in shown.label_values("starlette_requests_total", "path")


@pytest.mark.parametrize(("column", "opt_in"), [(0, ""), (1, "http")])
def test_opentelemetrys_names_and_labels_are_on_its_page(column, opt_in):
    (shown,) = pages("opentelemetry()", "/theirs/", env={"OTEL_SEMCONV_STABILITY_OPT_IN": opt_in})
    title = "opentelemetry-instrumentation-fastapi"
    table = rows(title, "there, by default", "there, with the opt-in", "here")
    theirs = metric_names("\n".join(row[column] for row in table))
    assert theirs <= names(shown)
    duration = "http_server_duration_milliseconds" if not opt_in else "http_server_request_duration_seconds"
    labels = set().union(*(one.labels for one in shown.series(f"{duration}_count")))
    told = rows(title, "label there, by default", "with the opt-in", "here")
    said = {word for row in told for word in re.findall(r"`(\w+)`", row[column])}
    assert said
    assert said <= labels


def test_with_the_instrumentator_both_are_on_one_page():
    pytest.importorskip(INSTRUMENTATOR, reason="the extra `benchmark` has it, which `make test` installs")
    (both,) = pages("instrumentator(); ours()", "/metrics")
    assert both.value("http_requests_total", handler="/books/{number}") == 1
    assert both.value("http_server_request_duration_seconds_count", http_route="/books/{number}") == 1
    assert both.value("apivitals_internal_errors_total") == 0
    # The background task is in theirs, and not in ours
    with_task = both.value("http_request_duration_seconds_sum", handler="/mail")
    assert with_task > 0.19
    assert both.value("http_server_request_duration_seconds_sum", http_route="/mail") < with_task - 0.1
    theirs, ours = pages('instrumentator(); ours(metrics_path="/vitals")', "/metrics", "/vitals")
    assert theirs.has("http_requests_total")
    assert not theirs.has("http_server_request_duration_seconds_count")
    assert ours.has("http_server_request_duration_seconds_count")


def test_with_the_exporter_both_are_on_one_page():
    pytest.importorskip(EXPORTER, reason="the extra `benchmark` has it, which `make test` installs")
    (both,) = pages("exporter(); ours()", "/metrics")
    for name, label in (
        ("starlette_requests_total", "path"),
        ("http_server_request_duration_seconds_count", "http_route"),
    ):
        assert both.value(name, **{label: "/books/{number}"}) == 1
    assert both.value("apivitals_internal_errors_total") == 0


def test_with_opentelemetrys_what_has_our_names_is_left_out_and_counted():
    both, theirs = pages("opentelemetry(); ours()", "/metrics", "/theirs/")
    assert both.value("http_server_duration_milliseconds_count", http_target="/books/{number}") == 1
    assert both.value("http_server_request_duration_seconds_count", http_route="/books/{number}") == 1
    assert both.value("apivitals_internal_errors_total", operation="name_clash") > 0
    with_task = theirs.value("http_server_duration_milliseconds_sum", http_target="/mail") / 1000
    assert with_task > 0.19
    assert both.value("http_server_request_duration_seconds_sum", http_route="/mail") < with_task - 0.1
    (alone,) = pages("opentelemetry(); ours(registries=[])", "/metrics")
    assert not alone.has("http_server_duration_milliseconds_count")
    assert alone.value("apivitals_internal_errors_total") == 0


def test_queries_are_of_metrics_that_are_there(our_page):
    after = re.findall(r"\| (`[^|]*`) \|$", PAGE, re.MULTILINE)
    found = {name for cell in after for name in re.findall(r"\bhttp_server_\w+", cell)}
    assert {name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in found} <= names(
        our_page
    )
    recorded = (ROOT / "prometheus/rules/apivitals-recording.yml").read_text()
    series: set[Any] = set(re.findall(r"`(job:\w+:\w+)`", PAGE))
    assert series
    assert all(f"record: {one}\n" in recorded for one in series)


def test_options_named_are_settings():
    tables = "\n".join(re.findall(r"^\| option \|.*?(?=\n\n)", PAGE, re.MULTILINE | re.DOTALL))
    ours = {name for line in tables.splitlines() for name in re.findall(r"`(\w+)=", line.rpartition(" | ")[2])}
    assert len(ours - {"http_route"}) > 5  # a label, in a query
    assert {name.removeprefix("APIVITALS_").lower() for name in ours - {"http_route"}} <= Settings.model_fields.keys()
