"""Walk a newcomer's way: from `git clone` to an alert that arrives, and to word that it is over.

    python3 tools/walk.py                 # of what is committed in this checkout
    python3 tools/walk.py URL             # of any repository that git can clone

Every command is printed as it is typed, and the first that does not do what it should ends the walk with one line.
Rules and times are those that ship. Needs git, Prometheus and Alertmanager; the standard library is enough.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import random
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
JOB = "shop"
SERVICE = f"""\
import apivitals
from fastapi import FastAPI

app = FastAPI(title="{JOB}")
apivitals.instrument(app)


@app.get("/books/{{number}}")
async def book(number: int) -> int:
    return number
"""
REQUESTS = 30
PORTS = range(10_000, 32_000)
SCRAPE_SECONDS = 5
POLL_SECONDS = 0.2
START_SECONDS = 60.0
STOP_SECONDS = 20.0
INSTALL_SECONDS = 600.0
# ApiDown: at most 30 s until it is looked at, 1 minute of `for`, and 10 s until Alertmanager tells; then a minute more.
TOLD_SECONDS = 150.0


class WalkError(Exception):
    """A step did not do what it should; the message says which, and what happened."""


class Walker:
    """Types commands in a directory, and ends what still runs there."""

    def __init__(self, directory: Path, begun: float) -> None:
        self.directory = directory
        self._begun = begun
        self._running: list[subprocess.Popen[str]] = []
        strange = ("APIVITALS_", "OTEL_", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
        self._environment = {key: value for key, value in os.environ.items() if not key.startswith(strange)}
        self._environment["PYTHONUNBUFFERED"] = "1"
        # Its option --timeout-worker-healthcheck, where it knows it: a worker may take a while on a busy machine.
        self._environment["UVICORN_TIMEOUT_WORKER_HEALTHCHECK"] = "60"

    def step(self, text: str) -> None:
        """Say what comes now, and how many seconds have passed."""
        print(f"\n[{time.monotonic() - self._begun:5.1f} s] # {text}", flush=True)

    def say(self, text: str) -> None:
        """Print it."""
        print(text, flush=True)

    def run(self, *command: str, seconds: float = START_SECONDS, shown: bool = True) -> str:
        """Type it and wait for its end; return what it printed."""
        self.say(f"$ {shlex.join(command)}")
        try:
            done = subprocess.run(
                self._found(command),
                cwd=self.directory,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise WalkError(f"{shlex.join(command)} took longer than {seconds:.0f} s") from None
        if done.returncode != 0:
            raise WalkError(f"{shlex.join(command)} ended with {done.returncode}:\n{done.stdout.rstrip()}")
        if shown and done.stdout.strip():
            self.say(done.stdout.rstrip())
        return done.stdout

    def start(self, *command: str, log: str) -> subprocess.Popen[str]:
        """Type it in a terminal of its own, whose text goes into a file."""
        self.say(f"$ {shlex.join(command)} &")
        with (self.directory / log).open("a") as output:
            process = subprocess.Popen(
                self._found(command),
                cwd=self.directory,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def stop(self, process: subprocess.Popen[str], name: str) -> None:
        """End it by Ctrl-C in its terminal, and make sure that nothing that it had started is left."""
        self.say(f"^C   # of {name}")
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise WalkError(f"{name} did not end within {STOP_SECONDS:.0f} s") from None
        self._running.remove(process)
        until(lambda: not _is_there(process.pid), f"the end of what {name} had started", STOP_SECONDS)

    def end(self) -> None:
        """Kill what a walk that failed has left running."""
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log(self, name: str) -> str:
        """Return what a terminal shows so far."""
        file = self.directory / name
        return file.read_text(errors="replace") if file.exists() else ""

    def _found(self, command: tuple[str, ...]) -> list[str]:
        own = self.directory / command[0]
        return [str(own) if "/" in command[0] and own.exists() else command[0], *command[1:]]


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def until(condition: Callable[[], object], what: str, seconds: float) -> None:
    """Wait for it.

    Raises:
        WalkError: it did not come in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise WalkError(f"not within {seconds:.0f} s: {what}")
        time.sleep(POLL_SECONDS)


def free_ports(count: int) -> list[int]:
    """Return so many ports of loopback that nobody listens on, none of which the kernel gives to whoever connects.

    Raises:
        WalkError: there are not so many.
    """
    found: list[int] = []
    for port in random.sample(PORTS, 1000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            found.append(port)
        if len(found) == count:
            return found
    raise WalkError(f"no port is free from {PORTS.start} to {PORTS.stop - 1}")


def get(url: str) -> str | None:
    """Return what is answered, or None if nothing is."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as answer:
            return str(answer.read().decode())
    except (OSError, urllib.error.URLError):
        return None


@contextlib.contextmanager
def receiver() -> Iterator[tuple[str, queue.Queue[dict[str, Any]]]]:
    """Run what somebody would be told by: an HTTP server that keeps each alert it is posted."""
    told: queue.Queue[dict[str, Any]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            for alert in json.loads(self.rfile.read(int(self.headers["content-length"])))["alerts"]:
                told.put(alert)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the signature that is there
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/", told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def notification(told: queue.Queue[dict[str, Any]], name: str, status: str) -> dict[str, Any]:
    """Wait for word of an alert.

    Raises:
        WalkError: it did not come in time.
    """
    deadline = time.monotonic() + TOLD_SECONDS
    while True:
        try:
            alert = told.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise WalkError(f"{name} ({status}) did not arrive within {TOLD_SECONDS:.0f} s") from None
        if (alert["labels"]["alertname"], alert["status"]) == (name, status):
            return dict(alert)


def install(walker: Walker, source: str) -> None:
    """Clone it, and install what getting-started names."""
    walker.step("Get it, and install it into an environment of its own")
    walker.run("git", "clone", "--quiet", source, "apivitals")
    walker.run("apivitals/tools/make_venv", sys.executable, "venv", seconds=INSTALL_SECONDS)
    packages = ("./apivitals[cli]", "fastapi", "uvicorn")
    walker.run("venv/bin/pip", "install", "--quiet", *packages, seconds=INSTALL_SECONDS, shown=False)
    walker.run("venv/bin/apivitals", "--version")


def start_service(walker: Walker, port: int) -> subprocess.Popen[str]:
    """Start the service with two workers, and wait for both."""
    command = ("venv/bin/uvicorn", "shop:app", "--port", str(port), "--workers", "2")
    service = walker.start(*command, log="shop.log")
    page = f"http://{HOST}:{port}/metrics"

    def both() -> bool:
        if service.poll() is not None:
            raise WalkError(f"the service ended with {service.returncode}:\n{walker.log('shop.log')}")
        return "\napivitals_workers 2" in (get(page) or "")

    until(both, f"the metrics of two workers at {page}", START_SECONDS)
    return service


def describe(walker: Walker, url: str, receiver_url: str) -> None:
    """Write apivitals.yaml, as a newcomer does: what `init` suggests, and who is told."""
    walker.step("Say how good it must be, and who is told")
    walker.run("venv/bin/apivitals", "init", "--url", url)
    own = f"scrape_interval_seconds: {SCRAPE_SECONDS}\nreceivers:\n  webhook: {{url: {receiver_url}}}\n"
    walker.say(f"$ cat >> apivitals.yaml <<END\n{own}END")
    with (walker.directory / "apivitals.yaml").open("a") as file:
        file.write(own)
    walker.run("venv/bin/apivitals", "validate", "--url", url)


def watch(walker: Walker, url: str, ports: dict[str, int]) -> tuple[subprocess.Popen[str], str, str]:
    """Start Prometheus and Alertmanager around the service; return where they are."""
    walker.step("Start all that watches it")
    options = [word for name, port in ports.items() for word in (f"--{name}-port", str(port))]
    stack = walker.start("venv/bin/apivitals", "up", "--url", url, *options, log="up.log")

    def ready() -> bool:
        if stack.poll() is not None:
            raise WalkError(f"apivitals up ended with {stack.returncode}:\n{walker.log('up.log')}")
        return "Ctrl-C ends it" in walker.log("up.log")

    until(ready, f"Prometheus and Alertmanager:\n{walker.log('up.log')}", START_SECONDS)
    walker.say(walker.log("up.log").rstrip())
    return stack, f"http://{HOST}:{ports['prometheus']}", f"http://{HOST}:{ports['alertmanager']}"


def visit(walker: Walker, url: str) -> None:
    """Make some requests."""
    walker.say(f"$ for number in $(seq {REQUESTS}); do curl -s {url}/books/$number; done")
    for number in range(1, REQUESTS + 1):
        if get(f"{url}/books/{number}") != str(number):
            raise WalkError(f"{url}/books/{number} does not answer")


def look(walker: Walker, prometheus: str) -> None:
    """See that Prometheus has all requests, whichever worker answered them, and that the rules know the service."""
    walker.step("See the requests")
    query = f'sum(http_server_request_duration_seconds_count{{job="{JOB}"}})'
    walker.say(f"$ curl -s {prometheus}/api/v1/query --data-urlencode {shlex.quote(f'query={query}')}")
    until(lambda: value(prometheus, query) == REQUESTS, f"{query} is {REQUESTS}", START_SECONDS)
    walker.say(f"{REQUESTS}")
    # A service that the rules have not seen yet is not missed.
    known = f'job:apivitals_instrumented:info{{job="{JOB}"}}'
    walker.say(f"waiting until the rules have been evaluated: {known}")
    until(lambda: value(prometheus, known) is not None, known, START_SECONDS)


def examine(walker: Walker, url: str, prometheus: str, alertmanager: str) -> None:
    """Let doctor find nothing wrong, more than once where a scrape was late.

    Raises:
        WalkError: something stays wrong.
    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            walker.run("venv/bin/apivitals", "doctor", url, "--prometheus", prometheus, "--alertmanager", alertmanager)
        except WalkError:
            if time.monotonic() > deadline:
                raise
            time.sleep(SCRAPE_SECONDS)
        else:
            return


def value(prometheus: str, query: str) -> float | None:
    """Return the value of a query that gives one, or None."""
    answer = json.loads(get(f"{prometheus}/api/v1/query?query={urllib.parse.quote(query)}") or "{}")
    found = answer.get("data", {}).get("result", [])
    return float(found[0]["value"][1]) if len(found) == 1 else None


def runbook(walker: Walker, alert: dict[str, Any]) -> str:
    """Return the alert's link to its runbook, after a look whether the page has the section.

    Raises:
        WalkError: there is none.
    """
    link = str(alert["annotations"].get("runbook_url", ""))
    path, _, anchor = link.partition("/docs/")[2].partition("#")
    page = walker.directory / "apivitals" / "docs" / path
    if not anchor or not page.is_file() or f"## {anchor}\n" not in page.read_text().lower():
        raise WalkError(f"the alert leads to no runbook: {link or 'no link'}")
    return link


def walk(walker: Walker, source: str) -> None:
    """Do it all.

    Raises:
        WalkError: a step did not do what it should.
    """
    install(walker, source)
    with receiver() as (receiver_url, told):
        walker.step("A service")
        walker.say(f"$ cat > shop.py <<END\n{SERVICE}END")
        (walker.directory / "shop.py").write_text(SERVICE)
        port, *others = free_ports(4)
        url = f"http://{HOST}:{port}"
        service = start_service(walker, port)
        visit(walker, url)
        describe(walker, url, receiver_url)
        names = ("prometheus", "alertmanager", "grafana")
        stack, prometheus, alertmanager = watch(walker, url, dict(zip(names, others, strict=True)))
        look(walker, prometheus)
        examine(walker, url, prometheus, alertmanager)

        walker.step("Break it: it is stopped")
        walker.stop(service, "uvicorn")
        alert = notification(told, "ApiDown", "firing")
        walker.say(f"told: {alert['annotations']['summary']}; {runbook(walker, alert)}")
        walker.step("Repair it: it is started again")
        service = start_service(walker, port)
        over = notification(told, "ApiDown", "resolved")
        walker.say(f"told: {over['annotations']['summary']}: over since {over['endsAt']}")

        walker.step("End all")
        walker.stop(stack, "apivitals up")
        walker.stop(service, "uvicorn")
        for where in (url, prometheus, alertmanager):
            if get(where) is not None:
                raise WalkError(f"{where} still answers")


def fail(message: str) -> NoReturn:
    """End with one line, and what the command that failed has printed below it."""
    print(f"\nwalk: {message}", file=sys.stderr)
    raise SystemExit(1)


def main() -> None:
    """Walk."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("source", nargs="?", default=ROOT.as_uri(), help="what git is to clone; default: this checkout")
    source = parser.parse_args().source
    missing = [name for name in ("git", "prometheus") if shutil.which(name) is None]
    if not any(map(shutil.which, ("alertmanager", "prometheus-alertmanager"))):
        missing.append("alertmanager")
    if missing:
        fail(f"not installed: {', '.join(missing)}")
    # What runs in the background of a script ignores Ctrl-C, and what it starts would too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: fail("told to stop"))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="walk-") as directory:
        walker = Walker(Path(directory), begun)
        try:
            walk(walker, source)
        except WalkError as error:
            fail(str(error))
        finally:
            walker.end()
        walker.step("Arrived")


if __name__ == "__main__":
    main()
