"""`apivitals doctor`: all is well with a stack that is, and each thing that is not is said, in the right line."""

import json
import re
import shlex
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from apivitals.cli.application import run
from apivitals.stack.doctor.routing import Routing
from tests.support.alertmanager import alertmanager
from tests.support.plain_http import get, request
from tests.support.servers import ROOT, closed_port, eventually, needs, prometheus, uvicorn
from tests.support.sinks import http_sink

pytest.importorskip("fastapi", reason="the service is a FastAPI one")

TOKEN = "a-token-of-this-test"  # noqa: S105  # guards nothing
PAGE = (ROOT / "docs" / "doctor.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
EVERYTHING, AS_JSON, WITH_ALERT = COMMANDS
"""The commands on the page; each is run below."""
NOT_OURS = "is not the metrics page of apivitals: call apivitals.instrument(app), or give the page's own address"


@pytest.fixture(autouse=True)
def in_a_directory_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def doctor(capsys):
    """Run it: the exit code, and the lines."""

    def do(*arguments):
        code = run(["doctor", *arguments])
        printed = capsys.readouterr()
        assert printed.err == ""
        return code, printed.out.splitlines()

    return do


@pytest.fixture(scope="module")
def books():
    """A service that nobody watches; it has answered a request."""
    with uvicorn("tests.cli.shop:app") as server:
        request("GET", f"{server.url}/videos")
        yield server


@pytest.fixture
def nobody():
    """An address at which nobody listens."""
    with closed_port() as port:
        yield f"127.0.0.1:{port}"


def line(lines, name):
    """Return the one line about it."""
    (found,) = [one for one in lines if re.match(rf"(ok|warning|problem|skipped) +{name}: ", one)]
    return found


def words(command, stack):
    """Return the arguments of a command on the page, with the addresses of this stack."""
    for name, address in (("service", 8000), ("Prometheus", 9090), ("Alertmanager", 9093)):
        command = command.replace(f"http://127.0.0.1:{address}", stack.url(name))
    return [*shlex.split(command)[2:], "--config", str(stack.directory / "apivitals.yaml")]


def test_all_is_well(stack, doctor):
    """But for how long a scrape takes: on a machine that has other work it may be long."""
    lines, besides = [], []

    def well():
        nonlocal lines, besides
        code, lines = doctor(*words(EVERYTHING, stack))
        besides = [one for one in lines if not one.startswith(("ok ", "warning  scrape:"))]
        return code == 0 and besides[1:] in (["nothing is wrong"], ["1 warning"])

    try:
        eventually(well, "nothing is wrong", 120)
    except AssertionError as error:
        raise AssertionError("\n".join(lines)) from error
    assert besides[0].startswith("skipped  test alert: --send-test-alert raises a critical one, which notifies webhook")
    assert line(lines, "recorded series").startswith("ok")
    assert line(lines, "workers") == "ok       workers: 2, and each reports"
    assert "job video-shop" in line(lines, "target")
    assert line(lines, "routing") == "ok       routing: critical: webhook; warning: webhook; info: webhook"
    assert re.fullmatch(r"ok       rules: all \d+ are loaded", line(lines, "rules"))


def test_json(stack, capsys):
    assert run(["doctor", *words(AS_JSON, stack)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["problems"] == 0
    checks = {one["name"]: one for one in said["checks"]}
    assert checks["metrics page"]["status"] == "ok"
    assert checks["Prometheus"]["status"] == checks["Alertmanager"]["status"] == "skipped"
    assert set(checks["metrics page"]) == {"name", "status", "message", "advice"}


def test_a_test_alert_arrives_and_ends(stack, doctor):
    _, lines = doctor(*words(WITH_ALERT, stack))
    assert line(lines, "test alert") == "ok       test alert: webhook took it, and it is over"
    told = [one for posted in stack.sink.posted for one in posted.content["alerts"]]
    (one,) = [alert for alert in told if alert["labels"]["alertname"] == "ApivitalsDoctorTest"]
    assert (one["status"], one["labels"]["severity"]) == ("firing", "critical")
    there = json.loads(get(f"{stack.url('Alertmanager')}/api/v2/alerts").body)
    assert "ApivitalsDoctorTest" not in {alert["labels"]["alertname"] for alert in there}


def test_a_service_that_is_down(doctor, nobody):
    url = f"http://{nobody}"
    code, lines = doctor(url)
    assert code == 1
    assert line(lines, "metrics page").startswith(f"problem  metrics page: {url}/metrics does not answer: ")
    assert lines[-1] == "1 problem"


def test_a_path_that_is_wrong(stack, doctor):
    code, lines = doctor(f"{stack.url('service')}/nowhere")
    assert code == 1
    assert f"{stack.url('service')}/nowhere (status 404) {NOT_OURS}" in line(lines, "metrics page")


def test_a_page_that_is_of_something_else(stack, doctor):
    code, lines = doctor(stack.url("Prometheus"))
    assert code == 1
    assert f"/metrics (status 200) {NOT_OURS}" in line(lines, "metrics page")


def test_a_token_that_is_missing(doctor):
    Path("token").write_text(TOKEN)
    with uvicorn("tests.cli.shop:app", env={"APIVITALS_METRICS_TOKEN": TOKEN}) as guarded:
        code, lines = doctor(guarded.url)
        assert code == 1
        assert line(lines, "metrics page").startswith(
            f"problem  metrics page: {guarded.url}/metrics wants a token: --token-file FILE"
        )
        assert doctor(guarded.url, "--token-file", "token")[0] == 0
        Path("apivitals.yaml").write_text("metrics_token_file: token\n")
        assert doctor(guarded.url)[0] == 0


def test_a_service_that_prometheus_does_not_scrape(stack, books, doctor):
    code, lines = doctor(books.url, "--prometheus", stack.url("Prometheus"), "--config", config(stack))
    assert code == 1
    address = books.url.removeprefix("http://")
    said = line(lines, "target")
    assert said.startswith(f"problem  target: Prometheus does not scrape {address}; of services with apivitals it has ")
    assert "video-shop at 127.0.0.1:" in said
    assert said.endswith(f'add a job to scrape_configs of prometheus.yml: static_configs: [{{targets: ["{address}"]}}]')


def config(stack):
    return str(stack.directory / "apivitals.yaml")


def test_a_prometheus_that_was_set_up_for_something_else(books, doctor, nobody):
    needs("prometheus")
    job = {"job_name": "books", "static_configs": [{"targets": [books.url.removeprefix("http://")]}]}
    gone = {"job_name": "gone", "static_configs": [{"targets": [nobody]}]}
    text = yaml.safe_dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job, gone]})
    with prometheus(text) as server:
        lines = []

        def scraped():
            nonlocal lines
            lines = doctor(books.url, "--prometheus", server.url)[1]
            return line(lines, "target").startswith("ok")

        eventually(scraped, "the service is scraped", 30)
        down = []

        def tried():
            nonlocal down
            down = doctor(f"http://{nobody}", "--prometheus", server.url)[1]
            return line(down, "target").startswith("problem")

        eventually(tried, "the other one was tried", 30)
    assert re.match(
        r"problem  rules: none of the \d+ rules of apivitals is loaded: run apivitals generate", line(lines, "rules")
    )
    assert line(lines, "recorded series") == "skipped  recorded series: no rules"
    assert line(lines, "alerting").startswith("problem  alerting: Prometheus knows of no Alertmanager")
    assert line(lines, "retention") == (
        "problem  retention: Prometheus keeps 15d, and rules look back 30 days:"
        " start it with --storage.tsdb.retention.time=45d"
    )
    assert line(lines, "exemplars").startswith("warning  exemplars: they are not kept")
    assert line(lines, "scrape interval").startswith(
        "warning  scrape interval: it is 1s, and the rules are made for 15s"
    )
    assert "connection refused: start the service, or give the address" in line(down, "target")


def test_a_threshold_that_is_no_bound(books, doctor):
    Path("apivitals.yaml").write_text("sla: {p95_seconds: 0.6}\nroutes: {GET /video: high}\n")
    code, lines = doctor(books.url)
    assert code == 1
    threshold, pattern = (one for one in lines if " thresholds: " in one)
    assert threshold == (
        "problem  thresholds: apivitals.yaml, sla.p95_seconds: 0.6 s is no bucket bound of the running service:"
        " start it again with this file, or add 0.6 to its duration_bounds_seconds"
    )
    assert pattern.startswith(
        "warning  thresholds: apivitals.yaml, routes['GET /video']: fits no route that the service"
    )


def test_rules_of_another_file(stack, doctor):
    text = (stack.directory / "apivitals.yaml").read_text()
    Path("own.yaml").write_text(
        text + 'routes:\n  "GET /videos": {class: high, objectives: true}\nselector: {job: films}\n'
    )
    code, lines = doctor(stack.url("service"), "--prometheus", stack.url("Prometheus"), "--config", "own.yaml")
    assert code == 1
    assert re.match(r"problem  rules: \d+ of \d+ are not loaded: job_route:slo_", line(lines, "rules"))
    assert re.match(r"problem  rule contents: \d+ of \d+ have other thresholds, ", line(lines, "rule contents"))
    assert line(lines, "recorded series") == (
        "problem  recorded series: rules select {job: films}, and the target has {job: video-shop}:"
        " change selector in apivitals.yaml and generate again, or the labels of the job in prometheus.yml"
    )


def test_rules_of_an_older_file(stack, doctor):
    text = (stack.directory / "apivitals.yaml").read_text()
    Path("newer.yaml").write_text(f"{text}thresholds: {{cpu_percent: {{warning: 70}}}}\n")
    code, lines = doctor(stack.url("service"), "--prometheus", stack.url("Prometheus"), "--config", "newer.yaml")
    assert code == 1
    assert line(lines, "rules").startswith("ok")
    assert re.fullmatch(
        r"problem  rule contents: 2 of \d+ have other thresholds, windows or labels than generate would write now:"
        r" job:apivitals_threshold:value, ApiCpuHigh: run apivitals generate, name its prometheus/rules/\*.yml"
        r" under rule_files, and reload Prometheus",
        line(lines, "rule contents"),
    )


def test_an_alertmanager_that_tells_nobody(books, doctor):
    with alertmanager(ROOT / "alertmanager/alertmanager.yml") as server:
        code, lines = doctor(books.url, "--alertmanager", server.url)
    assert code == 0
    assert line(lines, "routing") == (
        "warning  routing: critical alerts tell nobody (critical: nobody; warning: nobody; info: nobody): name who is"
        " told under receivers of apivitals.yaml, run apivitals generate, and reload Alertmanager"
    )
    assert line(lines, "test alert") == "skipped  test alert: a critical one would notify nobody"


def test_a_receiver_that_cannot_be_reached_and_a_silence(books, doctor, nobody):
    text = yaml.safe_dump(
        {
            "route": {"receiver": "lost", "group_wait": "100ms"},
            "receivers": [{"name": "lost", "webhook_configs": [{"url": f"http://{nobody}"}]}],
        }
    )
    with alertmanager(text) as server:
        arguments = (books.url, "--alertmanager", server.url, "--send-test-alert")
        code, lines = doctor(*arguments)
        assert code == 1
        assert line(lines, "test alert").startswith(
            "problem  test alert: notifying by webhook failed: see Alertmanager's"
        )
        server.silence("new disks", alertname="ApivitalsDoctorTest")
        code, lines = doctor(*arguments)
        assert line(lines, "test alert").startswith("problem  test alert: it tells nobody: it is ")


@pytest.mark.parametrize("group_by", ["alertname", "nothing"])
def test_word_of_another_alert_is_not_taken_for_the_test(books, doctor, group_by):
    """Where both are in one group, they are told of together, which is sooner than the test alone would be."""
    with http_sink() as sink:
        text = yaml.safe_dump(
            {
                "route": {"receiver": "desk", "group_by": [group_by], "group_wait": "6s", "group_interval": "1s"},
                "receivers": [{"name": "desk", "webhook_configs": [{"url": sink.url}]}],
            }
        )
        with alertmanager(text) as server:
            server.fire({"alertname": "Other"})
            time.sleep(2)  # or both would be due at the same time
            _, lines = doctor(books.url, "--alertmanager", server.url, "--send-test-alert")
            told = {alert["labels"]["alertname"] for posted in sink.posted for alert in posted.content["alerts"]}
    assert line(lines, "test alert") == "ok       test alert: desk took it, and it is over"
    assert told == {"Other", "ApivitalsDoctorTest"}


@pytest.mark.parametrize(("option", "name"), [("--prometheus", "Prometheus"), ("--alertmanager", "Alertmanager")])
def test_nothing_answers(books, doctor, nobody, option, name):
    url = f"http://{nobody}"
    code, lines = doctor(books.url, option, url)
    assert code == 1
    said = line(lines, name)
    assert said.startswith(f"problem  {name}: ")
    assert "does not answer" in said
    assert url in said


def test_something_else_answers(books, doctor):
    code, lines = doctor(books.url, "--prometheus", books.url, "--alertmanager", books.url)
    assert code == 1
    assert "is no Alertmanager" in line(lines, "Alertmanager")
    assert line(lines, "Prometheus").startswith(f"problem  Prometheus: {books.url} does not answer /api/v1/query")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["127.0.0.1:8000"], "give a URL, such as http://127.0.0.1:8000"),
        (["http://127.0.0.1:8000", "--send-test-alert"], "--send-test-alert needs --alertmanager URL"),
        (["http://127.0.0.1:8000", "--token-file", "none"], "--token-file none cannot be used"),
        (["http://127.0.0.1:8000", "--config", "none"], "none cannot be read"),
    ],
)
def test_wrong_use_is_one_line(arguments, said, capsys):
    assert run(["doctor", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert printed.err.count("\n") == 1


ROUTES = """
route:
  receiver: all
  group_wait: 30s
  routes:
  - matchers: [severity="critical", team=~"a|b"]
    receiver: pager
    group_wait: 5s
    continue: true
  - matchers: ['{job!="shop", severity=~"crit.+"}']
    receiver: chat
    routes:
    - match: {team: a}
      receiver: desk
  - match_re: {severity: warn.*}
    receiver: chat
receivers:
- name: all
- name: pager
  pagerduty_configs: [{service_key: <secret>}]
- name: chat
  slack_configs: [{}]
- name: desk
  email_configs: [{to: a}]
"""


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({}, ["all"]),
        ({"severity": "critical"}, ["chat"]),
        ({"severity": "critical", "job": "shop"}, ["all"]),
        ({"severity": "critical", "job": "shop", "team": "b"}, ["pager"]),
        ({"severity": "critical", "team": "a"}, ["pager", "desk"]),
        ({"severity": "critical", "team": "abc"}, ["chat"]),
        ({"severity": "warning"}, ["chat"]),
    ],
)
def test_routes_are_followed_as_amtool_does(labels, receivers, tmp_path):
    assert [one.name for one in Routing(ROUTES).receivers(labels)] == receivers
    assert amtool(tmp_path, labels) == receivers


def amtool(directory, labels):
    needs("amtool")
    file = directory / "alertmanager.yml"
    text = ROUTES.replace("slack_configs: [{}]", "slack_configs: [{api_url: 'http://h/'}]")
    file.write_text(text.replace("{to: a}", "{to: a@b.c, from: a@b.c, smarthost: 'h:25'}").replace("<secret>", "x"))
    command = ["amtool", "config", "routes", "test", f"--config.file={file}", *(f"{k}={v}" for k, v in labels.items())]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip().split(",")


def test_who_is_told_and_when():
    pager, desk = Routing(ROUTES).receivers({"severity": "critical", "team": "a"})
    assert (pager.integrations, pager.group_wait) == (("pagerduty",), "5s")
    assert (desk.integrations, desk.group_wait) == (("email",), "30s")
    assert Routing(ROUTES).receivers({})[0].integrations == ()
