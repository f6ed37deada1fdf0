"""`apivitals up`: everything started, said where it is, and ended together; with real programs but for Grafana."""

import errno
import json
import os
import re
import shutil
import signal
import stat
import sys
from pathlib import Path

import psutil
import pytest
import yaml

from apivitals.cli.application import run
from apivitals.shipped import shipped
from tests.support.alertmanager import program
from tests.support.exposition import samples
from tests.support.plain_http import get
from tests.support.servers import ROOT, closed_port, eventually, needs, uvicorn
from tests.support.up import STOP_SECONDS, up

pytest.importorskip("fastapi", reason="the service is a FastAPI one")

TOKEN = "a-token-of-this-test"  # noqa: S105  # guards nothing
PAGE = (ROOT / "docs" / "up.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
OF_THE_SHOP, OF_A_SERVICE, WITH_DATA = COMMANDS
"""The commands on the page; each is run below."""
JOBS = {"video-shop", "prometheus", "alertmanager"}
GRAFANA = f"""\
#!{sys.executable}
import http.server, json, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()
with open(os.environ["TOLD"], "w") as file:
    json.dump({{"arguments": sys.argv[1:], "environment": dict(os.environ)}}, file)
address = os.environ["GF_SERVER_HTTP_ADDR"], int(os.environ["GF_SERVER_HTTP_PORT"])
http.server.HTTPServer(address, Handler).serve_forever()
"""
"""Stands for Grafana, which no package of Debian has: says what it was told, and that it is healthy."""


@pytest.fixture(scope="module")
def guarded():
    """A user's service, whose metrics page wants a token."""
    needs("prometheus")
    env = {"APIVITALS_METRICS_TOKEN": TOKEN, "OTEL_SERVICE_NAME": "books"}
    with uvicorn("tests.cli.shop:app", env=env) as server:
        yield server


@pytest.fixture
def token(tmp_path):
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return str(file)


def targets(url):
    found = json.loads(get(f"{url}/api/v1/targets").body)["data"]["activeTargets"]
    return {one["labels"]["job"]: one for one in found}


def alertmanagers(url):
    active = json.loads(get(f"{url}/api/v1/alertmanagers").body)["data"]["activeAlertmanagers"]
    return [one["url"] for one in active]


def is_up(url, job):
    """Whether Prometheus scrapes it with success; it has targets some time after it is ready."""
    return targets(url).get(job, {}).get("health") == "up"


def test_the_shop_is_started_as_the_page_has_it(stack):
    assert OF_THE_SHOP == "apivitals up"
    assert stack.up.process.args[3:4] == ["up"]
    assert get(f"{stack.url('service')}/health").status == 200
    page = samples(get(stack.url("metrics")).body)
    assert page.value("apivitals_workers") == 2


def test_all_that_watches_is_up(stack):
    url = stack.url("Prometheus")
    eventually(lambda: all(is_up(url, job) for job in JOBS), "all targets are up", 90)
    found = targets(url)
    assert set(found) == JOBS
    assert found["video-shop"]["scrapeUrl"] == stack.url("metrics")
    assert found["video-shop"]["scrapeInterval"] == "5s"
    told = [f"{stack.url('Alertmanager')}/api/v2/alerts"]
    eventually(lambda: alertmanagers(url) == told, "Prometheus knows its Alertmanager")
    assert get(f"{stack.url('Alertmanager')}/-/ready").status == 200


def test_rules_are_those_of_generate(stack, tmp_path, capsys):
    assert run(["generate", str(stack.directory / "apivitals.yaml"), "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    written = Path(stack.url("configuration"))
    for folder in ("prometheus/rules", "alertmanager"):
        for file in (tmp_path / folder).glob("*.yml"):
            assert (written / folder / file.name).read_text() == file.read_text()


def test_rules_are_loaded_and_healthy(stack):
    url = stack.url("Prometheus")
    groups = json.loads(get(f"{url}/api/v1/rules").body)["data"]["groups"]
    assert len(groups) > 10
    assert {rule["health"] for group in groups for rule in group["rules"]} <= {"ok", "unknown"}
    asked = f"{url}/api/v1/query?query=job:apivitals_instrumented:info"
    eventually(lambda: b"video-shop" in get(asked).body, "they record", 90)


def test_what_is_written_is_private(stack):
    assert stat.S_IMODE(Path(stack.url("configuration")).stat().st_mode) == 0o700


def test_alertmanager_has_one_port(stack):
    (server,) = stack.up.named("alertmanager")
    there = psutil.net_connections()
    listening = [
        one.laddr.port for one in there if one.pid == server.pid and one.laddr and one.status == psutil.CONN_LISTEN
    ]
    assert listening == [int(stack.url("Alertmanager").rpartition(":")[2])]


def test_a_service_of_ones_own_until_ctrl_c(guarded, token, own_ports, tmp_path):
    (tmp_path / "apivitals.yaml").write_text("scrape_interval_seconds: 1\n")
    command = OF_A_SERVICE.replace("http://127.0.0.1:8000", guarded.url)
    with up("--token-file", token, *own_ports, command=command, cwd=tmp_path, env=os.environ) as running:
        assert running.err == ""
        assert running.rows["metrics"] == (f"{guarded.url}/metrics", "job books")
        assert "service" not in running.rows
        url = running.rows["Prometheus"][0]
        eventually(lambda: is_up(url, "books"), "the service is scraped", 90)
        assert len(running.named("alertmanager")) == 1
        assert len(running.named("prometheus")) == (2 if program().startswith("prometheus") else 1)
        directory = Path(running.rows["configuration"][0])
        assert running.end(signal.SIGINT) == 0
        assert running.err == ""
        eventually(lambda: running.none_left, "nothing is left")
        assert not directory.exists()


@pytest.fixture
def not_yet():
    """The URL of a service that has not been started."""
    with closed_port() as port:
        yield f"http://127.0.0.1:{port}"


def test_a_server_that_ends_by_itself_ends_the_others_with_a_line(guarded, not_yet, token, own_ports, tmp_path):
    options = ("--url", guarded.url, "--url", not_yet, "--token-file", token, *own_ports)
    with up(*options, cwd=tmp_path, env=os.environ) as running:
        reason = f"[Errno {errno.ECONNREFUSED}] Connection refused"
        said = f"apivitals: {not_yet}/metrics does not answer: {reason}; Prometheus keeps trying\n"
        assert running.err == said
        (server,) = running.named("alertmanager")
        server.kill()
        assert running.process.wait(STOP_SECONDS) == 1
        ended = running.err.removeprefix(said)
        assert re.match(r"apivitals: the Alertmanager has ended \(status 137\); its log ", ended)
        assert "Traceback" not in running.err
        eventually(lambda: running.none_left, "nothing is left")


@pytest.fixture
def programs(tmp_path):
    """A PATH with Prometheus, and something that stands for Grafana; without Alertmanager."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "prometheus").symlink_to(str(shutil.which("prometheus")))
    (folder / "grafana").write_text(GRAFANA)
    (folder / "grafana").chmod(0o700)
    return folder


def test_grafana_gets_data_sources_and_dashboards_and_nothing_outlives_a_kill(guarded, programs, own_ports, tmp_path):
    (tmp_path / "apivitals.yaml").write_text(
        f"metrics_token: {TOKEN}\nselector: {{job: shop, team: films}}\nscrape_interval_seconds: 1\n"
    )
    env = {**os.environ, "PATH": str(programs), "TOLD": str(tmp_path / "told")}
    with up("--url", guarded.url, *own_ports, command=WITH_DATA, cwd=tmp_path, env=env) as running:
        told = json.loads((tmp_path / "told").read_text())
        environment = told["environment"]
        directory = Path(running.rows["configuration"][0])

        assert told["arguments"][0] == "server"
        assert running.rows["Grafana"][0] == f"http://127.0.0.1:{environment['GF_SERVER_HTTP_PORT']}"
        assert environment["PROMETHEUS_URL"] == running.rows["Prometheus"][0]
        assert environment["GF_PATHS_PROVISIONING"] == str(shipped("grafana/provisioning"))
        assert environment["DASHBOARDS_PATH"] == str(shipped("grafana/dashboards"))
        assert environment["SCRAPE_INTERVAL"] == "1s"
        left_open = re.findall(r"(?<!\$)\$([A-Z_]+)", "".join(map(Path.read_text, provisioning())))
        assert set(left_open) <= set(environment)
        password = tmp_path / "monitoring/grafana/grafana-password"
        assert str(password) in running.rows["Grafana"][1]
        assert password.read_text() == environment["GF_SECURITY_ADMIN_PASSWORD"]
        assert len(password.read_text()) > 16
        assert stat.S_IMODE(password.stat().st_mode) == 0o600

        assert running.rows["Alertmanager"] == ("-", running.rows["Alertmanager"][1])
        assert "nobody is told" in running.rows["Alertmanager"][1]
        written = yaml.safe_load((directory / "prometheus/prometheus.yml").read_text())
        assert "alerting" not in written

        url = running.rows["Prometheus"][0]
        eventually(lambda: is_up(url, "shop"), "the token of the file is shown", 90)
        assert targets(url)["shop"]["labels"]["team"] == "films", "what the rules select by"
        assert dashboards_linked(directory, running.rows["Grafana"][0])
        assert any((tmp_path / "monitoring/prometheus").iterdir()), "the data is where it was to be"

        running.process.kill()
        running.process.wait()
        eventually(lambda: running.none_left, "its servers end too", STOP_SECONDS)
        shutil.rmtree(directory)


def provisioning():
    return shipped("grafana/provisioning").rglob("*.yml")


def dashboards_linked(directory, grafana):
    """Whether alerts lead to the dashboards of this Grafana."""
    return any(grafana in file.read_text() for file in (directory / "prometheus/rules").glob("*.yml"))


def test_prometheus_is_the_one_program_that_is_needed(tmp_path):
    with up("--url", "http://127.0.0.1:1", cwd=tmp_path, env={**os.environ, "PATH": ""}, ready=False) as running:
        assert running.process.wait(STOP_SECONDS) == 2
        line = running.err
    assert re.fullmatch(
        r"apivitals: apivitals up needs the program prometheus .* apt-get install prometheus, or .*\n", line
    )


@pytest.mark.parametrize(
    ("arguments", "file", "said"),
    [
        (["--url", "127.0.0.1:8000"], "", "127.0.0.1:8000: give a URL, such as http://127.0.0.1:8000"),
        (["--url", "http://u:p@host"], "", "http://u:p@host: give an address without a user, a password or a query"),
        (["--token-file", "none"], "", "--token-file none cannot be used: [Errno 2] No such file or directory: 'none'"),
        (["--config", "none.yaml"], "", "none.yaml cannot be read: [Errno 2] No such file or directory: 'none.yaml'"),
        ([], "slo_window_days: 3\n", "slo_window_days"),
        (["--prometheus-port", "PORT"], "", "cannot be used (address already in use): name another one with --prom"),
    ],
)
def test_wrong_use_is_one_line(  # noqa: PLR0913, PLR0917  # what is given, and fixtures
    arguments, file, said, tmp_path, monkeypatch, capsys, guarded
):
    monkeypatch.chdir(tmp_path)
    if file:
        Path("apivitals.yaml").write_text(file)
    arguments = [str(guarded.port) if word == "PORT" else word for word in arguments]
    assert run(["up", "--for", "1", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert printed.err.startswith("apivitals: ")
