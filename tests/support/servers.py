"""Real servers as subprocesses: on a free loopback port, waited for, and stopped by their own process id.

Each is a context manager that yields a `Server`. What the server wrote is printed when it ends, so pytest shows
it beside a failure.
"""

import atexit
import importlib.util
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.plain_http import get

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.02
PORTS = range(10_000, 32_000)
"""Below the ephemeral ports, which the kernel gives to whoever connects: one of those may be gone before it is used."""
_CLAIMS = 200  # of the last ports; those before are bound by now, and descriptors are not without end
_claims: deque[socket.socket] = deque()
are_required = False
"""Whether a real server that is missing fails its test; conftest sets it from APIVITALS_REQUIRE_REAL."""


class ServerFailedError(Exception):
    """The server ended, or did not answer, before it was ready; the message has what it wrote."""


class Server:
    """A running server."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._log = log

    @property
    def log(self) -> str:
        """What it has written so far, both streams."""
        return self._log.read_text(errors="replace")

    def stop(self) -> int:
        """Terminate it, kill it if that does not help, and return its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise ServerFailedError(f"did not stop within {STOP_SECONDS} s of SIGTERM:\n{self.log}") from None


def needs(*programs: str) -> None:
    """Skip the test without these programs; under APIVITALS_REQUIRE_REAL=1 fail it."""
    missing = [program for program in programs if shutil.which(program) is None]
    if not missing:
        return
    reason = f"not installed: {', '.join(missing)} (`make test` as root installs the Debian packages)"
    if are_required:
        pytest.fail(f"{reason}, and APIVITALS_REQUIRE_REAL=1")
    pytest.skip(reason)


def free_port() -> int:
    """Return a loopback port that nobody listens on, and that no other call returns, in this process or another.

    The claim is the UDP port of the same number: it is held until this process ends, or has asked for 200 more.
    """
    for port in random.sample(PORTS, min(100, len(PORTS))):
        claim = socket.socket(type=socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        if len(_claims) > _CLAIMS:
            _claims.popleft().close()
        return port
    raise ServerFailedError(f"no port is free from {PORTS.start} to {PORTS.stop - 1}")


@atexit.register
def _let_go() -> None:
    while _claims:
        _claims.pop().close()


@contextmanager
def closed_port() -> Iterator[int]:
    """Hold a loopback port on which nobody listens: connections are refused, and nobody else is given it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


def eventually(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Poll until the condition holds.

    Raises:
        AssertionError: it did not within the time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(POLL_SECONDS)


def listens(port: int) -> bool:
    """Say whether someone accepts connections on that loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def uvicorn(app: str, *args: str, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Serve an app, as `tests.real.apps:app`, under uvicorn."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", app, "--host=127.0.0.1", f"--port={port}", "--no-access-log", *args]
    with running(command, port, lambda: listens(port), env) as server:
        yield server


@contextmanager
def gunicorn(app: str, *args: str, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Serve an app under gunicorn with one worker of uvicorn's class, unless `args` say otherwise."""
    port = free_port()
    worker_class = "--worker-class=" + _uvicorn_worker_class()
    command = [sys.executable, "-m", "gunicorn", app, f"--bind=127.0.0.1:{port}", worker_class, "--workers=1", *args]
    with running(command, port, lambda: _answers(port, "/metrics", {200, 404}), env) as server:
        yield server


@contextmanager
def prometheus(config: str, *args: str) -> Iterator[Server]:
    """Run Prometheus with that configuration's text and further options; its data goes when it ends."""
    needs("prometheus")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="prometheus-") as directory:
        file = Path(directory, "prometheus.yml")
        file.write_text(config)
        command = [
            "prometheus",
            f"--config.file={file}",
            f"--storage.tsdb.path={directory}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
            *args,
        ]
        with running(command, port, lambda: _answers(port, "/-/ready", {200})) as server:
            yield server


@contextmanager
def running(
    command: list[str],
    port: int,
    ready: Callable[[], bool],
    env: Mapping[str, str] | None = None,
    user: str | None = None,
) -> Iterator[Server]:
    """Run any server, as `user` if given, from when it is ready on."""
    with tempfile.TemporaryDirectory(prefix="server-") as directory:
        log = Path(directory, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT if user is None else "/",
                env=os.environ | dict(env or {}),
                user=user,
            )
        server = Server(process, port, log)
        try:
            _wait_until_ready(server, ready)
            yield server
        finally:
            try:
                server.stop()
            finally:
                print(f"--- {' '.join(command)}\n{server.log}")  # noqa: T201 (pytest shows it beside a failure)


def _wait_until_ready(server: Server, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        is_ready = ready()
        # Also when it is: what answers may be another on that port.
        if server.process.poll() is not None:
            raise ServerFailedError(f"ended with status {server.process.returncode}:\n{server.log}")
        if is_ready:
            return
        if time.monotonic() > deadline:
            raise ServerFailedError(f"not ready within {START_SECONDS} s:\n{server.log}")
        time.sleep(POLL_SECONDS)


def _answers(port: int, path: str, statuses: set[int]) -> bool:
    """Say whether a GET is answered so: unlike a listening socket, it shows that a worker lives."""
    try:
        return get(f"http://127.0.0.1:{port}{path}").status in statuses
    except OSError:
        return False


def _uvicorn_worker_class() -> str:
    """Return the class of this installation: uvicorn gives its own up in favour of a package."""
    module = "uvicorn_worker" if importlib.util.find_spec("uvicorn_worker") else "uvicorn.workers"
    return f"{module}.UvicornWorker"
