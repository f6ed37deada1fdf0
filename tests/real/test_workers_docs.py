"""Every command of the page on workers, as it stands there."""

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.support.plain_http import get
from tests.support.servers import ROOT, eventually, free_port, listens, running
from tests.support.workers import COUNT, living, page

pytest.importorskip("fastapi", reason="the service is a FastAPI one")
pytest.importorskip("gunicorn", reason="no gunicorn on this platform")

PAGE = (ROOT / "docs" / "workers.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def test_there_are_commands():
    assert {re.split(r"[ =]", line)[0] for line in COMMANDS} == {
        "uvicorn",
        "gunicorn",
        "hypercorn",
        "granian",
        "APIVITALS_WORKER_DIR",
        "APIVITALS_METRICS_PORT",
    }


@pytest.mark.parametrize("line", COMMANDS)
def test_command(line, tmp_path):
    (shop,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "shop.py").write_text(shop)
    words = shlex.split(line)
    environment = {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    metrics = port = free_port()
    if "APIVITALS_WORKER_DIR" in environment:  # of which only the place is another here
        environment["APIVITALS_WORKER_DIR"] = str(tmp_path / Path(environment["APIVITALS_WORKER_DIR"]).name)
    if "APIVITALS_METRICS_PORT" in environment:
        metrics = free_port()
        environment["APIVITALS_METRICS_PORT"] = str(metrics)
    bind = [f"--bind=127.0.0.1:{port}"] if words[0] in {"gunicorn", "hypercorn"} else [f"--port={port}"]
    workers = 4 if "--workers" in words else 1
    with running([sys.executable, "-m", *words, *bind], port, lambda: listens(port), environment) as server:
        server.url = f"http://127.0.0.1:{metrics}"
        eventually(lambda: living(server) == workers, f"{workers} workers")
        for number in range(12):
            assert get(f"http://127.0.0.1:{port}/books/{number}").status == 200
        eventually(lambda: page(server).value(COUNT, http_route="/books/{number}") == 12, "twelve requests")
        if "APIVITALS_WORKER_DIR" in environment:
            assert list((tmp_path / "shop").glob("apivitals-*/*/worker-0-*.values"))
