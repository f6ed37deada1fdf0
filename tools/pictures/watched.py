"""The demo under load, and a Prometheus and an Alertmanager that watch it by the shipped rules, thirty times faster."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from apivitals.shipped import shipped
from tests.support.servers import free_port
from tests.support.time_lapse import TimeLapse

LAPSE = TimeLapse(30)
SCRAPE_SECONDS = 0.5
TOLD_SECONDS = 2.0
"""What the data source is told of it: visits are no faster than they are, and rates need some in their window."""
JOB = "video-shop"
_ALERTMANAGERS = ("alertmanager", "prometheus-alertmanager")
_START_SECONDS, _STOP_SECONDS, _POLL_SECONDS = 40.0, 10.0, 0.2
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NotStartedError(OSError):
    """A program ended, or did not answer, before it was ready; the message has what it wrote."""


@contextmanager
def watched_demo(rate: int = 20) -> Iterator[str]:
    """Run the demo, at most so many visits a second, and what watches it; the address of Prometheus.

    Raises:
        NotStartedError: a program is missing, or does not start.
    """
    shop, prometheus, alertmanager = free_port(), free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="watched-") as name, ExitStack() as stack:
        directory = Path(name)
        python = [sys.executable, "-c", "from apivitals.cli import main; main()"]
        demo = [*python, "demo", "--for", "86400", "--port", str(shop), "--rate", str(rate)]
        stack.enter_context(_running("demo", demo, f"http://127.0.0.1:{shop}/metrics", directory))
        program = next(filter(None, map(shutil.which, _ALERTMANAGERS)), None)
        jobs = {JOB: shop, "prometheus": prometheus}
        if program is not None:
            jobs["alertmanager"] = alertmanager
            url = f"http://127.0.0.1:{alertmanager}"
            command = [program, *_alertmanager(directory, alertmanager)]
            stack.enter_context(_running("alertmanager", command, f"{url}/-/ready", directory))
        url = f"http://127.0.0.1:{prometheus}"
        command = ["prometheus", *_prometheus(directory, prometheus, jobs)]
        stack.enter_context(_running("prometheus", command, f"{url}/-/ready", directory))
        yield url


@contextmanager
def _running(name: str, command: Sequence[str], ready: str, directory: Path) -> Iterator[None]:
    if shutil.which(command[0]) is None:
        raise NotStartedError(f"no {command[0]} on the PATH: apt-get install {command[0]}")
    log = directory / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(ready):
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotStartedError(f"the {name} did not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        with _OPENER.open(url, timeout=2):
            return True
    except (OSError, urllib.error.URLError):
        return False


def _alertmanager(directory: Path, port: int) -> list[str]:
    return [
        f"--config.file={shipped('alertmanager/alertmanager.yml')}",
        f"--storage.path={directory / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]


def _prometheus(directory: Path, port: int, jobs: dict[str, int]) -> list[str]:
    rules = directory / "rules"
    shutil.copytree(shipped("prometheus/rules"), rules)
    LAPSE.rules(rules.glob("*.yml"))
    scrapes = "".join(
        f"  - {{job_name: {job}, static_configs: [{{targets: ['127.0.0.1:{number}']}}]}}\n"
        for job, number in jobs.items()
    )
    told = f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{jobs['alertmanager']}']}}]}}]}}\n"
    interval = f"{round(SCRAPE_SECONDS * 1000)}ms"
    file = directory / "prometheus.yml"
    file.write_text(
        f"global: {{scrape_interval: {interval}, scrape_timeout: {interval}}}\n"
        f"rule_files: ['{rules}/*.yml']\n"
        f"{told if 'alertmanager' in jobs else ''}scrape_configs:\n{scrapes}"
    )
    return [
        f"--config.file={file}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--query.lookback-delta={LAPSE.duration('5m')}",
        "--enable-feature=exemplar-storage",
        "--log.level=warn",
    ]
