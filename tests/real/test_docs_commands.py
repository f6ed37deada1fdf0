"""The commands of the pages for beginners and operators, as they stand there, but for ports and waiting times."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.alertmanager import program
from tests.support.exposition import samples
from tests.support.plain_http import get
from tests.support.servers import ROOT, Server, eventually, free_port, gunicorn, listens, needs, running
from tests.support.workers import APP, COUNT, ENDED, living, page

pytest.importorskip("fastapi", reason="the service is a FastAPI one")
pytest.importorskip("typer", reason="the command line is not installed")

DOCS = ROOT / "docs"
SERVICE, PROMETHEUS, ALERTMANAGER, OWN_PORT = "8000", "9090", "9093", "9464"


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / name).read_text(), re.MULTILINE | re.DOTALL)


class Reader:
    """Somebody who does what a page says, in a directory of their own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ports = {port: str(free_port()) for port in (SERVICE, PROMETHEUS, ALERTMANAGER, OWN_PORT)}
        programs = directory / "bin"
        programs.mkdir()
        for name, command in {
            "apivitals": f'"{sys.executable}" -c "from apivitals.cli import main; main()" "$@"',
            "uvicorn": f'"{sys.executable}" -m uvicorn "$@" --port {self.ports[SERVICE]}',
            "prometheus": f'{shutil.which("prometheus")} "$@" {self._listen(PROMETHEUS)} --rules.alert.resend-delay=1s',
            "alertmanager": f'{program()} "$@" {self._listen(ALERTMANAGER)} --cluster.listen-address=',
        }.items():
            (programs / name).write_text(f"#!/bin/sh\nexec {command}\n")
            (programs / name).chmod(0o755)
        self.env = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "ALERTMANAGER_URL": f"http://127.0.0.1:{self.ports[ALERTMANAGER]}",  # the default has its own port
        }

    def _listen(self, port: str) -> str:
        return f"--web.listen-address=127.0.0.1:{self.ports[port]}"

    def here(self, text: str) -> str:
        """The text with this reader's ports."""
        return re.sub(r"\b(8000|9090|9093|9464)\b", lambda found: self.ports[found[1]], text)

    def writes(self, name: str, text: str) -> None:
        (self.directory / name).write_text(self.here(text))

    def does(self, script: str) -> str:
        """Run commands; return what they print."""
        command = ["sh", "-e"]
        done = subprocess.run(
            command,
            input=self.here(script),
            text=True,
            capture_output=True,
            env=self.env,
            cwd=self.directory,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def fires(self) -> set[str]:
        """The alerts that Alertmanager has."""
        answer = get(f"http://127.0.0.1:{self.ports[ALERTMANAGER]}/api/v2/alerts")
        return {alert["labels"]["alertname"] for alert in json.loads(answer.body)}

    @contextlib.contextmanager
    def starts(self, command: str, port: str) -> Iterator[Server]:
        """Run a server by the page's command; the port that it gets is another one."""
        number = int(self.ports[port])
        script = f"cd {self.directory} && exec env {self.here(command).strip()}"
        with running(["sh", "-c", script], number, lambda: _is_ready(port, number), self.env) as server:
            yield server


def _is_ready(port: str, number: int) -> bool:
    if port not in {PROMETHEUS, ALERTMANAGER}:
        return listens(number)
    with contextlib.suppress(OSError):
        return get(f"http://127.0.0.1:{number}/-/ready").status == 200
    return False


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def test_what_pip_is_told_to_install_is_there() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has none")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    told = [found for path in (*DOCS.glob("*.md"), *(ROOT / "examples").iterdir(), ROOT / "README.md") if path.is_file()
            for found in re.findall(r"apivitals\[([\w,-]+)\]", path.read_text())]  # fmt: skip
    named = {extra for group in told for extra in group.split(",")}
    assert {"cli", "otlp", "yaml", "sqlalchemy", "redis", "httpx"} <= named
    assert named - {"x"} <= extras.keys()


def test_getting_started(reader: Reader) -> None:
    needs("prometheus", "curl")
    install, serve, visit, generate, prometheus, alertmanager, ask, alerts = blocks("getting-started.md", "sh")
    assert install.startswith("pip install")
    (shop,) = blocks("getting-started.md", "python")
    (configuration,) = blocks("getting-started.md", "yaml")
    reader.writes("shop.py", shop)
    with reader.starts(serve, SERVICE) as service:
        printed = reader.does(visit)
        assert '"/books/{number}",http_response_status_code="200"' in printed
        # 50 ms, more on a busy machine, and up to one less where uvloop wakes early: it counts in whole milliseconds.
        assert re.search(r'component="endpoint"\} (0\.(049|0[5-9]|[1-9])|[1-9]\d*\.)', printed)
        assert "wrote alertmanager/alertmanager.yml" in reader.does(generate)
        for name in ("recording", "monitoring"):  # somebody in a hurry
            path = reader.directory / f"prometheus/rules/apivitals-{name}.yml"
            hurried = re.sub(r"interval: \d+(s|m|h)$", "interval: 1s", path.read_text(), flags=re.MULTILINE)
            # More than one scrape that a busy service answers too late
            path.write_text(re.sub(r"for: \d+(s|m|h)$", "for: 5s", hurried, flags=re.MULTILINE))
        reader.writes("prometheus.yml", configuration.replace("15s", "1s"))
        with reader.starts(alertmanager, ALERTMANAGER), reader.starts(prometheus, PROMETHEUS):
            both = {"critical", "medium"}
            eventually(lambda: _priorities(reader.does(ask)) == both, "recorded series of both")
            eventually(lambda: "ApiWatchdog" in reader.fires(), "the watchdog")
            assert "ApiWatchdog" in reader.does(alerts)
            assert "ApiDown" not in reader.fires()
            service.process.send_signal(signal.SIGINT)
            eventually(lambda: "ApiDown" in reader.fires(), "that it is down")
            assert "ApiDown" in reader.does("apivitals alerts list")


def _priorities(answer: str) -> set[str]:
    return {one["metric"]["priority"] for one in json.loads(answer)["data"]["result"]}


def test_deploying_with_a_token_and_on_a_port_of_its_own(reader: Reader) -> None:
    needs("curl", "promtool", "openssl")
    token, own_port, proxied = blocks("deploying.md", "sh")
    (shop,) = blocks("workers.md", "python")
    reader.writes("shop.py", shop)
    make, serve, scrape = token.splitlines()
    reader.does(make)
    with reader.starts(serve, SERVICE):
        assert "apivitals_build_info" in reader.does(scrape)
        assert get(reader.here("http://localhost:8000/metrics")).status == 401
    serve, scrape = own_port.splitlines()
    with reader.starts(serve, SERVICE):
        assert "apivitals_build_info" in reader.does(scrape)
        assert get(reader.here("http://localhost:8000/metrics")).status == 404
    with reader.starts(proxied, SERVICE):
        reader.does("curl -s localhost:8000/books/7")
        shown = samples(get(reader.here("http://localhost:8000/metrics")).body)
        assert shown.value(COUNT, http_route="/books/{number}") == 1
    (scraping,) = blocks("deploying.md", "yaml")
    reader.writes(
        "prometheus.yml", scraping.replace("/etc/prometheus/shop.token", str(reader.directory / "metrics.token"))
    )
    assert "SUCCESS" in reader.does("promtool check config prometheus.yml")


def test_gunicorn_keeps_its_counts_on_a_hangup() -> None:
    pytest.importorskip("gunicorn", reason="no gunicorn on this platform")
    with gunicorn(APP, "--workers=2") as server:
        eventually(lambda: living(server) == 2, "two workers")
        for _ in range(10):
            get(f"{server.url}/hello/ada")
        os.kill(server.process.pid, signal.SIGHUP)
        eventually(lambda: _ended(server) == 2, "two ended")
        eventually(lambda: living(server) == 2, "two workers again")
        assert page(server).value(COUNT, http_route="/hello/{name}") == 10
        # Slots that were free: those of before, or the next ones, where the new were there before the old had gone.
        assert page(server).label_values("process_uptime_seconds", "worker") <= {"0", "1", "2", "3"}


def _ended(server: Server) -> float:
    with contextlib.suppress(OSError):  # asked of a worker that goes
        return page(server).value(ENDED)
    return 0.0


def test_queries_are_promql(tmp_path: Path) -> None:
    needs("promtool")
    queries = [query for page in DOCS.glob("*.md") for query in blocks(page.name, "promql")]
    in_tables = re.findall(r"`((?:sum|histogram_quantile)\b[^`]+\)[^`]*)`", (DOCS / "migrating.md").read_text())
    assert len(in_tables) > 8
    queries += in_tables
    rules = [{"record": f"query{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "docs", "rules": rules}]}))
    command = ["promtool", "check", "rules", str(tmp_path / "rules.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(queries)} rules found" in done.stdout


def test_queries_of_the_words_are_answered(reader: Reader) -> None:
    """Each query of docs/concepts.md gives something for a service that has what it asks about."""
    needs("prometheus")
    (reader.directory / "words.py").write_text(
        "import asyncio, apivitals\n"
        "from fastapi import FastAPI\n"
        "app = FastAPI()\n"
        "apivitals.instrument(app, trust_queue_header=True, sample_interval_seconds=0.2)\n"
        "@app.get('/work')\n"
        "async def work(fail: bool = False):\n"
        "    with apivitals.track('render') as operation: operation.items(3)\n"
        "    with apivitals.track('query', component='database'): await asyncio.sleep(0.001)\n"
        "    if fail: raise KeyError\n"
    )
    queries = blocks("concepts.md", "promql")
    assert len(queries) >= 10
    service, prometheus = (f"http://127.0.0.1:{reader.ports[port]}" for port in (SERVICE, PROMETHEUS))
    reader.writes(
        "prometheus.yml",
        "scrape_configs: [{job_name: shop, scrape_interval: 300ms, static_configs: [{targets: ['127.0.0.1:8000']}]}]",
    )

    def answers(query: str) -> list[dict[str, list[str]]]:
        answer = json.loads(get(f"{prometheus}/api/v1/query?query={quote(query)}").body)
        assert answer["status"] == "success", f"{query}: {answer}"
        return [one for one in answer["data"]["result"] if one["value"][1] != "NaN"]

    def visit() -> bool:
        for path in ("/work", "/work?fail=true"):
            get(f"{service}{path}", {"x-request-start": f"t={time.time():.3f}"})
        return all(map(answers, queries))

    with (
        reader.starts("uvicorn words:app", SERVICE),
        reader.starts("prometheus --config.file=prometheus.yml --storage.tsdb.path=data", PROMETHEUS),
    ):
        eventually(visit, "an answer to every query")
        parts, whole = "apivitals_http_server_component_duration_seconds", "http_server_request_duration_seconds"

        def parts_are_the_whole() -> bool:
            ratios = [float(one["value"][1]) for one in answers(f"sum({parts}_sum) / sum({whole}_sum)")]
            return ratios == pytest.approx([1])

        eventually(parts_are_the_whole, "parts that add up to the whole")


SERVER_SPANS = """
import asyncio
import httpx
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
import apivitals

exported = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exported))
trace.set_tracer_provider(provider)

async def visit(application):
    exported.clear()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://shop") as client:
        await client.get("/")
    print(sum(span.kind is trace.SpanKind.SERVER for span in exported.get_finished_spans()))

app = FastAPI()
apivitals.instrument(app)
asyncio.run(visit(OpenTelemetryMiddleware(app)))
wrapper = OpenTelemetryMiddleware(FastAPI())
apivitals.instrument(wrapper)
asyncio.run(visit(wrapper))
"""


def test_whoever_wraps_a_fastapi_that_makes_spans_instruments_the_wrapper() -> None:
    fastapi = pytest.importorskip("fastapi")
    if not hasattr(fastapi, "telemetry"):
        pytest.skip("this FastAPI has no telemetry of its own")
    command = [sys.executable, "-c", SERVER_SPANS]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    # The first is what docs/troubleshooting.md is about, and the second what it says to do
    assert printed.split() == ["2", "1"]
