"""`apivitals up` as its users run it: real processes, and all that they start."""

import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.support.servers import eventually, listens

COMMAND = [sys.executable, "-c", "from apivitals.cli import main; main()"]
START_SECONDS = 120.0
STOP_SECONDS = 60.0
_ROW = re.compile(r"^(\w+) {2,}(\S+)(?: {2,}(.*))?$")


class Up:
    """A run of it."""

    def __init__(self, process: "subprocess.Popen[bytes]", out: Path, err: Path) -> None:
        self.process = process
        self._out, self._err = out, err
        self.servers: list[psutil.Process] = []

    @property
    def out(self) -> str:
        """What it has printed."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """What it has printed as errors."""
        return self._err.read_text()

    @property
    def rows(self) -> dict[str, tuple[str, str]]:
        """The table: where each is, and what is said of it, by its name."""
        found = filter(None, map(_ROW.match, self.out.splitlines()))
        return {row[1]: (row[2], row[3] or "") for row in found}

    @property
    def ports(self) -> list[int]:
        """The ports in the table that are of servers it has started."""
        own = ("service", "Prometheus", "Alertmanager", "Grafana")
        return [int(where.rpartition(":")[2]) for name, (where, _) in self.rows.items() if name in own and ":" in where]

    def until_ready(self) -> None:
        """Wait for the table."""
        eventually(lambda: "Ctrl-C" in self.out or self.process.poll() is not None, "it is ready", START_SECONDS)
        if self.process.poll() is not None:
            raise AssertionError(f"it has ended with {self.process.returncode}: {self.err}")
        self.servers = psutil.Process(self.process.pid).children(recursive=True)

    def named(self, word: str) -> list[psutil.Process]:
        """Its servers with that word in the name of the program."""
        return [one for one in self.servers if word in one.name()]

    def end(self, number: signal.Signals) -> int:
        """Send it a signal, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    @property
    def none_left(self) -> bool:
        """Whether all that it has started is gone, and nobody listens where they did."""
        return all(map(_is_gone, self.servers)) and not any(map(listens, self.ports))


def _is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # since it was found to run
        return True


@contextmanager
def up(
    *arguments: str, cwd: Path, env: Mapping[str, str], ready: bool = True, command: str = "apivitals up"
) -> Iterator[Up]:
    """Run the command, as it stands in the documentation, with further arguments; what is left at the end is killed."""
    with tempfile.TemporaryDirectory(prefix="up-") as name:
        out, err = Path(name, "out"), Path(name, "err")
        with out.open("wb") as stdout, err.open("wb") as stderr:
            words = [*COMMAND, *command.split()[1:], *arguments]
            process = subprocess.Popen(words, cwd=cwd, env=dict(env), stdout=stdout, stderr=stderr)
        run = Up(process, out, err)
        try:
            if ready:
                run.until_ready()
            yield run
        finally:
            if process.poll() is None:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_SECONDS)
            process.kill()
            process.wait()
            for one in run.servers:
                with suppress(psutil.NoSuchProcess):
                    one.kill()
            print(f"--- {' '.join(words[3:])}\n{run.out}{run.err}")  # noqa: T201 (pytest shows it beside a failure)
