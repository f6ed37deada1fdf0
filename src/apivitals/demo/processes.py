"""The demo's servers as child processes: started on loopback, awaited, and always stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from apivitals.demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self

_HOST = "127.0.0.1"
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.1
_LOG_TAIL_LINES = 12
_GUARD = Path(__file__).parent / "guard.py"
_PACKAGES = Path(__file__).parents[2]
"""The folder that ``apivitals`` is imported from."""


class ServerProcess:
    """A server in a process of its own: started on entry, stopped on exit, its output in ``log``."""

    def __init__(
        self, name: str, command: Sequence[str], *, url: str, log: Path, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self.url = url
        self._command = command
        self._log = log
        self.environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter, or the Prometheus that was asked for)
                self._command,
                cwd=self._log.parent,
                env=dict(self.environment),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the demo alone, which then stops its servers in order.
                start_new_session=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # With its own children: it leads the session that it was started in.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        finally:
            if process.stdin is not None:
                process.stdin.close()

    async def until_ready(self, path: str) -> None:
        """Wait until ``path`` is answered with success.

        Raises:
            DemoError: the process has ended, or does not answer within 60 seconds; with the tail of its log.

        """
        async with httpx.AsyncClient(base_url=self.url, timeout=2, trust_env=False) as client:

            async def answers() -> bool:
                try:
                    return (await client.get(path)).is_success
                except httpx.TransportError:
                    return False

            await self._until(answers, f"answer on {self.url}{path}")

    async def until_listening(self) -> None:
        """Wait until connections are accepted.

        Raises:
            DemoError: the process has ended, or accepts none within 60 seconds; with the tail of its log.

        """
        address = urlsplit(self.url)

        async def listens() -> bool:
            try:
                _, connection = await asyncio.open_connection(address.hostname, address.port)
            except OSError:
                return False
            connection.close()
            return True

        await self._until(listens, f"listen on {self.url}")

    async def _until(self, condition: Callable[[], Awaitable[bool]], what: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            self.check()
            if await condition():
                return
            await asyncio.sleep(_POLL_SECONDS)
        raise DemoError(f"the {self.name} does not {what}{self._log_tail()}")

    def check(self) -> None:
        """Make sure that the process runs.

        Raises:
            DemoError: it has ended; with the tail of its log.

        """
        if self._process is not None and (status := self._process.poll()) is not None:
            raise DemoError(f"the {self.name} has ended (status {status}){self._log_tail()}")

    def _log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
        return "; its log ends with:\n" + "\n".join(f"    {line}" for line in lines) if lines else "; its log is empty"


def guarded(command: Sequence[str]) -> list[str]:
    """Make the command of a program that ends when its standard input does, of one that would not."""
    # Isolated: what lies beside the script must not stand for modules of the standard library.
    return [sys.executable, "-I", "-S", str(_GUARD), *command]


def python_server(  # noqa: PLR0913 (what tells one server from another)
    name: str, app: str, *, port: int, directory: Path, variables: Mapping[str, str], workers: int = 1
) -> ServerProcess:
    """Describe a uvicorn process, or one with so many workers, that serves ``app`` ("module:name") at ``port``.

    The process sees none of the user's ``APIVITALS_*`` and ``OTEL_*`` variables and no ``apivitals.yaml``: the demo
    shows what the defaults do, whatever is configured around it.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("APIVITALS_", "OTEL_"))}
    paths = [str(_PACKAGES), *filter(None, inherited.get("PYTHONPATH", "").split(os.pathsep))]
    inherited["PYTHONPATH"] = os.pathsep.join(os.path.abspath(path) for path in paths)  # noqa: PTH100 (no links followed)
    return ServerProcess(
        name,
        [sys.executable, "-m", "apivitals.demo.serve", app, str(port), str(workers)],
        url=f"http://{_HOST}:{port}",
        log=directory / f"{name.replace(' ', '-')}.log",
        environment={**inherited, **variables},
    )


def free_ports(count: int, but: Collection[int] = ()) -> list[int]:
    """Find loopback ports that nobody uses now, each another one, and none of `but`, which are for somebody else."""
    found: list[int] = []
    with ExitStack() as opened:
        while len(found) < count:
            probe = opened.enter_context(socket.socket())
            probe.bind((_HOST, 0))
            port = int(probe.getsockname()[1])
            if port not in but:
                found.append(port)
    return found


def claim_port(port: int, option: str = "--port") -> None:
    """Make sure that a server may listen on this loopback port, which was given by that option.

    Raises:
        DemoError: it is in use, or not for this user.

    """
    with socket.socket() as probe:
        # As uvicorn does, or a port whose last connections linger would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
            probe.listen()
        except OSError as error:
            raise DemoError(
                f"port {port} cannot be used ({os.strerror(error.errno or 0).lower()}): "
                f"name another one with {option}, or none for a free one",
                exit_code=2,
            ) from error
