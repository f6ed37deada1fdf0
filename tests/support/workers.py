"""A service with several workers, looked at through whichever of them answers."""

import contextlib
import http.client
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.exposition import Samples, samples
from tests.support.plain_http import TIMEOUT_SECONDS, get
from tests.support.servers import Server, eventually, free_port, listens, running

APP = "tests.real.apps.shared:app"
COUNT = "http_server_request_duration_seconds_count"
LIVING = "apivitals_workers"
ENDED = "apivitals_workers_ended_total"
AGE = "apivitals_worker_snapshot_age_seconds"
WORKERS = 4


def _gunicorn(port: int) -> list[str]:
    worker_class = "--worker-class=uvicorn_worker.UvicornWorker"
    return ["gunicorn", APP, worker_class, f"--bind=127.0.0.1:{port}", f"--workers={WORKERS}"]


COMMANDS: Mapping[str, Callable[[int], list[str]]] = {
    "uvicorn": lambda port: ["uvicorn", APP, f"--port={port}", f"--workers={WORKERS}", "--no-access-log"],
    "gunicorn": _gunicorn,
    "gunicorn-preload": lambda port: [*_gunicorn(port), "--preload"],
    "gunicorn-recycling": lambda port: [*_gunicorn(port), "--max-requests=60", "--max-requests-jitter=40"],
    "hypercorn": lambda port: ["hypercorn", APP, f"--bind=127.0.0.1:{port}", f"--workers={WORKERS}"],
    "granian": lambda port: ["granian", APP, "--interface=asgi", f"--port={port}", f"--workers={WORKERS}"],
}


@contextmanager
def serving(server: str, *args: str, env: Mapping[str, str] | None = None, workers: int = WORKERS) -> Iterator[Server]:
    """Run the service under a server of `COMMANDS`, from when all workers have joined on."""
    port = free_port()
    command = [sys.executable, "-m", *COMMANDS[server](port), *args]
    with running(command, port, lambda: listens(port), env) as started:
        eventually(lambda: living(started) == workers, f"{workers} workers", seconds=120)
        yield started


def page(server: Server) -> Samples:
    """What the next worker shows."""
    return samples(get(f"{server.url}/metrics").body)


def living(server: Server) -> int:
    """How many workers there are, by what one of them shows."""
    with contextlib.suppress(OSError):
        return int(page(server).value(LIVING))
    return 0


def worker_of(shown: Samples) -> str | None:
    """Return the label of the worker that answered: the one whose age is not shown, since it is not another.

    None as long as it has not looked at itself.
    """
    own = shown.label_values("process_uptime_seconds", "worker") - shown.label_values(AGE, "worker")
    return own.pop() if len(own) == 1 else None


def page_of_each(server: Server, workers: int = WORKERS) -> dict[str, Samples]:
    """Ask until every worker has answered."""
    pages: dict[str, Samples] = {}

    def all_have() -> bool:
        shown = page(server)
        if shown.label_values(AGE, "worker") and (own := worker_of(shown)):
            pages[own] = shown
        return len(pages) == workers

    eventually(all_have, f"an answer of each of {workers} workers", seconds=60)
    return pages


def processes(server: Server) -> list[int]:
    """Return the process ids of the workers that answer now."""
    found: set[int] = set()
    for _ in range(40):
        with contextlib.suppress(OSError):
            found.add(int(get(f"{server.url}/who").body))
    return sorted(found)


@dataclass
class Load:
    """Clients that keep asking, and count what they were answered; stopped by leaving the `with` block."""

    port: int
    clients: int = 4
    pause_seconds: float = 0.005
    completed: int = 0
    failed: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":  # noqa: PYI034  # Self is in typing from Python 3.11 on
        self._threads = [threading.Thread(target=self._ask) for _ in range(self.clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._stop.wait(self.pause_seconds):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
            answered = False
            try:
                connection.request("GET", "/hello/ada")
                response = connection.getresponse()
                answered = response.status == 200 and response.read() == b'"hello ada"'
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            with self._lock:
                self.completed += answered
                self.failed += not answered


class Watch:
    """Scrapes all the time, and notes every counter of all workers that is less than it was."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._highest: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self.falls: list[str] = []
        self.scrapes = 0

    def __enter__(self) -> "Watch":  # noqa: PYI034  # likewise
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.is_set():
            try:
                shown = page(self._server)
            except OSError:  # that worker was killed
                continue
            self.scrapes += 1
            for sample in shown:
                # Of a process, or of how often something was tried in one: those begin anew with it
                of_one = "worker" in sample.labels or sample.name.startswith("apivitals_source")
                if of_one or not sample.name.endswith(("_total", "_count", "_sum", "_bucket")):
                    continue
                key = sample.name, tuple(sorted(sample.labels.items()))
                before = self._highest.get(key, 0.0)
                if sample.value < before - 1e-9 * before:
                    self.falls.append(f"{key}: {before} to {sample.value}")
                self._highest[key] = max(before, sample.value)
            missing = {name for name, _ in self._highest} - shown.names()
            self.falls += [f"{name} is gone" for name in missing]


def kill(server: Server, how: signal.Signals) -> int:
    """Kill one of the workers, and return its process id."""
    victim = random.choice(processes(server))  # noqa: S311  # any will do
    os.kill(victim, how)
    return victim


def directory_of(server: Server) -> Path:
    """Return the group's directory."""
    bases = (Path("/dev/shm") / f"apivitals-{os.geteuid()}", Path("/tmp") / f"apivitals-{os.geteuid()}")  # noqa: S108
    (found,) = [path for base in bases for path in base.glob(f"*-{server.process.pid}-*")]
    return found


def resident_bytes(process: int) -> int:
    """Return the memory that a process has to itself and shares."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
