"""`apivitals alerts`, against a real Alertmanager."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack

import pytest

from apivitals.cli.application import run
from tests.alerts.notification import ERRORS
from tests.support.alertmanager import alertmanager
from tests.support.servers import ROOT, closed_port, eventually, free_port

NAME = ERRORS["alertname"]
CPU = {"alertname": "ApiCpuHigh", "job": "shop", "severity": "warning"}
TEXTS = {
    "summary": "12 % of the high requests\nof shop fail",
    "description": "Look first at database.",
    "runbook_url": "https://runbooks.example/x",
}
STOP_SECONDS = 60


@pytest.fixture
def running(monkeypatch):
    with alertmanager(ROOT / "alertmanager/alertmanager.yml") as server:
        monkeypatch.setenv("ALERTMANAGER_URL", server.url)
        yield server


@pytest.fixture
def said(capsys):
    """Run a command that works; what it printed."""

    def do(*arguments, code=0):
        assert run(["alerts", *arguments]) == code
        printed = capsys.readouterr()
        assert printed.err == "" if code == 0 else printed.out == ""
        return printed.out if code == 0 else printed.err

    return do


def ids(server, **labels):
    return [one["fingerprint"] for one in server.alerts() if labels.items() <= one["labels"].items()]


def test_list_is_a_table_the_gravest_first(running, said):
    running.fire(CPU, annotations={"summary": "CPU 95 %"})
    running.fire(ERRORS, {**ERRORS, "severity": "warning"}, annotations=TEXTS)
    running.fire({"alertname": "ApiWatchdog", "severity": "none"})
    eventually(lambda: "inhibited" in said("list"), "one is inhibited")
    heading, *lines = said("list").splitlines()
    assert heading.split() == ["ID", "severity", "alert", "service", "about", "since", "state", "summary"]
    assert [line.split()[1] for line in lines] == ["critical", "warning", "warning"]
    first = lines[0].split()
    assert first[0] == ids(running, severity="critical")[0][:8]
    assert first[2:5] == [NAME, "shop", "high"]
    assert " ".join(first[6:]) == "firing 12 % of the high requests of shop fail"
    assert "ApiWatchdog" in said("list", "--all")


def test_list_says_who_has_it(running, said):
    running.fire(CPU)
    said("ack", "ApiCpuHigh", "--author", "alice", "--for", "1h")
    assert re.search(r"acked by alice, (1h|59m) left", said("list"))
    running.silence("new disks", minutes=600, job="shop")
    said("unack", "ApiCpuHigh")
    assert "silenced by operations, " in said("list")


def test_list_when_nothing_fires(running, said):
    assert said("list") == "nothing fires\n"
    assert json.loads(said("list", "--json")) == []


def test_list_as_json_has_everything(running, said):
    running.fire(ERRORS, annotations=TEXTS)
    said("ack", NAME, "-m", "looking", "--author", "alice")
    (one,) = json.loads(said("list", "--json"))
    assert (one["name"], one["state"], one["severity"], one["priority"], one["job"]) == (
        NAME,
        "acked",
        "critical",
        "high",
        "shop",
    )
    assert (one["labels"], one["annotations"]) == (ERRORS, TEXTS)
    (silence,) = one["silences"]
    assert (silence["author"], silence["comment"], silence["acknowledgement"]) == ("alice", "looking", True)
    assert json.loads(said("show", NAME, "--json")) == one


def test_list_what_matches(running, said):
    running.fire(ERRORS, {**ERRORS, "job": "bank"})
    found = json.loads(said("list", "--json", "--match", 'job="bank"', "--match", "severity=critical"))
    assert [one["job"] for one in found] == ["bank"]
    assert said("list", "--match", "{", code=2) == "apivitals: Alertmanager refuses: bad matcher format: {\n"


def test_show_is_all_of_one(running, said):
    running.fire(ERRORS, annotations=TEXTS)
    said("ack", NAME, "-m", "looking", "--author", "alice")
    text = said("show", ids(running)[0][:5])
    assert text.startswith(f"{NAME}  critical  acked since ")
    assert TEXTS["summary"] in text
    assert TEXTS["description"] in text
    assert "\npriority: high\n" in text
    assert "\nRunbook: https://runbooks.example/x\n" in text
    assert "\nacknowledged by alice until " in text
    assert ": looking (silence " in text


def test_show_names_what_inhibits(running, said):
    running.fire(ERRORS, {**ERRORS, "severity": "warning"})
    (quiet,) = ids(running, severity="warning")
    eventually(lambda: f"inhibited by {NAME} (" in said("show", quiet), "the other alert is named")


def test_ack_and_unack(running, said):
    running.fire({**CPU, "instance": "a"}, {**CPU, "instance": "b"})
    first = ids(running, instance="a")[0]
    assert said("ack", "ApiCpuHigh", code=2).startswith("apivitals: 2 alerts are ApiCpuHigh: ")
    assert said("ack", first[:8], "--for", "1h30m").startswith("acknowledged ApiCpuHigh until ")
    assert ", with 1 more (silence " in said("ack", "ApiCpuHigh", "--all-instances")
    assert said("unack", "ApiCpuHigh").count("took back what ") == 2
    assert said("unack", "ApiCpuHigh", code=2) == "apivitals: ApiCpuHigh is not acknowledged\n"


def test_ack_and_unack_as_json(running, said):
    running.fire(CPU)
    made = json.loads(said("ack", "ApiCpuHigh", "--json"))
    assert made["alerts"] == ids(running)
    assert made["until"].endswith("+00:00")
    assert json.loads(said("unack", made["silence"], "--json")) == {"expired": [made["silence"]]}


def test_author_is_your_login_unless_you_say(running, said, monkeypatch):
    monkeypatch.setenv("LOGNAME", "bob")
    running.fire(CPU, ERRORS)
    said("ack", "ApiCpuHigh")
    monkeypatch.setenv("APIVITALS_AUTHOR", "carol")
    said("ack", NAME)
    assert sorted(one["createdBy"] for one in running.silences()) == ["bob", "carol"]


def test_texts_of_others_cannot_move_the_cursor(running, said):
    running.fire({**CPU, "instance": "\x1b[2Jgone"}, annotations={"summary": "\x1b]0;owned\x07 [bold]CPU[/bold]\r"})
    for command in ("list", "show"):
        text = said(command, *(["ApiCpuHigh"] if command == "show" else []))
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "\r" not in text
    assert "[bold]CPU[/bold]" in said("list")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "nothing"], "no alert nothing fires: see apivitals alerts list"),
        (["ack", "x", "--for", "soon"], "--for: 'soon' is no duration: 30m, 2h, 1h30m, 1d"),
        (
            ["list", "--alertmanager", "shop"],
            "shop is no URL: give Alertmanager's address, such as http://127.0.0.1:9093",
        ),
        (["list", "--token-file", "/nowhere"], "--token-file /nowhere cannot be used: No such file or directory"),
        (["nope"], "No such command 'nope'. (see apivitals --help)"),
        (["ack"], "Missing argument 'ALERT'. (see apivitals --help)"),
    ],
)
def test_a_wrong_use_is_one_line(running, said, arguments, message):
    assert said(*arguments, code=2) == f"apivitals: {message}\n"


@pytest.mark.parametrize("command", [["list"], ["show", "x"], ["ack", "x"], ["unack", "x"], ["watch"]])
def test_without_alertmanager_one_line_says_so(command, said):
    with closed_port() as port:
        url = f"http://127.0.0.1:{port}"
        message = said(*command, "--alertmanager", url, code=2)
    assert message.startswith(f"apivitals: Alertmanager does not answer at {url}: ")
    assert message.count("\n") == 1


def test_without_a_command_the_help_lists_them(capsys):
    assert run(["alerts"]) == 2
    assert {"list", "show", "ack", "unack", "watch"} <= set(capsys.readouterr().out.split())


def test_without_the_extra_one_line_says_how_to_get_it():
    code = "import sys; sys.modules['httpx'] = None; from apivitals.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "alerts", "list"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "apivitals: alerts needs httpx: pip install 'apivitals[cli]'\n"


class Watching:
    """`apivitals alerts watch` in a process of its own."""

    def __init__(self, url, *options):
        command = [
            sys.executable,
            "-c",
            "from apivitals.cli import main; main()",
            "alerts",
            "watch",
            "--every",
            "0.1",
            *options,
        ]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "ALERTMANAGER_URL": url},
        )
        self.lines: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        assert self.process.stdout is not None
        self.lines.extend(self.process.stdout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
        self._thread.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def shows(self, *words):
        eventually(
            lambda: any(set(words) <= set(line.split()) for line in list(self.lines)), f"{words} in {self.lines}", 60
        )


def test_watch_shows_changes_until_ctrl_c(running, said):
    running.fire(ERRORS, annotations=TEXTS)
    with Watching(running.url) as watching:
        watching.shows("firing", "critical", NAME, "fail")
        running.fire(CPU)
        watching.shows("firing", "warning", "ApiCpuHigh")
        said("ack", "ApiCpuHigh", "--author", "alice")
        watching.shows("acked", "alice,", "ApiCpuHigh")
        running.resolve(ERRORS)
        watching.shows("resolved", "critical", NAME)
    assert watching.process.returncode == 130
    assert len([line for line in watching.lines if line.strip()]) == 4  # some versions of click end the line of ^C


def test_watch_as_json(running):
    running.fire(CPU)
    with Watching(running.url, "--json", "--for", "0.5") as watching:
        watching.process.wait(STOP_SECONDS)
    assert watching.process.returncode == 0
    (change,) = map(json.loads, watching.lines)
    assert (change["to"], change["alert"]["name"]) == ("firing", "ApiCpuHigh")


def test_watch_goes_on_when_alertmanager_comes_back():
    port, configuration = free_port(), ROOT / "alertmanager/alertmanager.yml"
    with ExitStack() as after_the_first:
        with alertmanager(configuration, port=port) as first:
            first.fire(CPU)
            watching = after_the_first.enter_context(Watching(first.url))
            watching.shows("firing", "ApiCpuHigh")
        watching.shows("apivitals:", "still", "trying")
        with alertmanager(configuration, port=port) as second:
            watching.shows("apivitals:", "answers", "again")
            watching.shows("resolved", "ApiCpuHigh")  # it kept its alerts in memory
            second.fire(ERRORS)
            watching.shows("firing", NAME)
    assert sum("still trying" in line for line in watching.lines[:2]) == 1
