"""Servers as child processes: started, awaited, and gone afterwards, whatever happens to the demo."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from apivitals.demo.errors import DemoError
from apivitals.demo.processes import claim_port, free_ports, python_server
from tests.support.servers import eventually, free_port, listens

PARTNER = "apivitals.demo.partner:app"


def partner(directory, app=PARTNER, **variables):
    return python_server("partner", app, port=free_port(), directory=directory, variables=variables)


def test_a_server_answers_inside_the_block_and_is_gone_after_it(tmp_path):
    with partner(tmp_path) as server:
        asyncio.run(server.until_ready("/health"))
        server.check()
        port = int(server.url.rpartition(":")[2])
        assert listens(port)
    assert not listens(port)
    with pytest.raises(DemoError, match="the partner has ended"):
        server.check()


def test_a_server_that_cannot_start_is_reported_with_the_end_of_its_log(tmp_path):
    with partner(tmp_path, app="apivitals.demo.nothing:app") as server:
        with pytest.raises(DemoError) as told:
            asyncio.run(server.until_ready("/health"))
        assert re.match(r"the partner has ended \(status \d\); its log ends with:\n", str(told.value))
        assert "apivitals.demo.nothing" in str(told.value)


def test_a_server_that_listens_is_ready_before_it_is_asked_anything(tmp_path):
    with partner(tmp_path) as server:
        asyncio.run(server.until_listening())
        assert listens(int(server.url.rpartition(":")[2]))
    with pytest.raises(DemoError, match="the partner has ended"):
        asyncio.run(server.until_listening())


def test_the_settings_of_whoever_runs_the_demo_do_not_reach_it(tmp_path, monkeypatch):
    monkeypatch.setenv("APIVITALS_METRICS_PATH", "/elsewhere")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    monkeypatch.setenv("UNRELATED", "kept")
    server = python_server("shop", PARTNER, port=1, directory=tmp_path, variables={"OTEL_SERVICE_NAME": "video-shop"})
    environment = dict(server.environment)
    assert {name for name in environment if name.startswith(("APIVITALS_", "OTEL_"))} == {"OTEL_SERVICE_NAME"}
    assert environment["UNRELATED"] == "kept"


def test_a_relative_python_path_still_leads_to_the_package(tmp_path, monkeypatch):
    source = Path(__file__).parents[2] / "src"
    monkeypatch.chdir(source.parent)
    monkeypatch.setenv("PYTHONPATH", "src")
    server = python_server("shop", PARTNER, port=1, directory=tmp_path, variables={})
    assert str(source) in server.environment["PYTHONPATH"].split(os.pathsep)
    assert all(Path(path).is_absolute() for path in server.environment["PYTHONPATH"].split(os.pathsep))


def test_a_server_ends_when_the_demo_is_killed(tmp_path):
    """Not even SIGKILL to the demo leaves a server behind: its standard input ends."""
    starter = (
        "import asyncio, sys, time\n"
        "from pathlib import Path\n"
        "from apivitals.demo.processes import python_server\n"
        "port, directory = int(sys.argv[1]), Path(sys.argv[2])\n"
        f"server = python_server('partner', {PARTNER!r}, port=port, directory=directory, variables={{}})\n"
        "with server:\n"
        "    asyncio.run(server.until_ready('/health'))\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
    )
    port = free_port()
    demo = subprocess.Popen([sys.executable, "-c", starter, str(port), str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert demo.stdout is not None
        assert demo.stdout.readline() == b"ready\n"
        assert listens(port)
    finally:
        demo.kill()
        demo.communicate()
    eventually(lambda: not listens(port), "the server ends after the demo")


def test_a_port_in_use_is_one_line_that_says_what_to_do():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            DemoError, match=rf"^port {port} cannot be used \(address already in use\): name another"
        ) as told:
            claim_port(port)
    assert told.value.exit_code == 2
    assert "\n" not in str(told.value)


def test_a_free_port_can_be_claimed_and_then_used():
    port = free_port()
    claim_port(port)
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))


def test_free_ports_are_different_ones():
    assert len(set(free_ports(20))) == 20
