"""The load on its own: it visits this machine, and others only where they are named."""

import os
import signal
import subprocess
import sys

import pytest

from apivitals.demo.visit import main
from tests.support.servers import closed_port, eventually, uvicorn


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["http://shop.example:8000"], "shop.example is not this machine; to visit it all the same, --host NAME"),
        (["http://10.0.0.1:8000", "--host", "10.0.0.2"], "10.0.0.1 is not this machine"),
        (["http://localhost.example"], "localhost.example is not this machine"),
        (["ftp://127.0.0.1"], "not of the form http://HOST:PORT"),
        (["http://127.0.0.1:99999"], "Port out of range"),
        (["http://127.0.0.1:8000/shop"], "not of the form http://HOST:PORT"),
        (["--rate", "0"], "argument --rate: 0: more than 0, at most 1000"),
        (["--rate", "fast"], "argument --rate: fast: not a number"),
        (["--for", "inf"], "argument --for: inf: more than 0"),
    ],
)
def test_wrong_use_is_one_line_and_2(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("apivitals.demo.visit: ")
    assert said in line


def test_a_shop_that_is_not_there_is_said_to_answer_nothing(capsys):
    with closed_port() as port:
        assert main([f"http://localhost:{port}", "--for", "0.2", "--rate", "50"]) == 1
    assert f"to http://localhost:{port}, " in capsys.readouterr().out


def test_it_visits_until_it_is_told_to_stop():
    with uvicorn("apivitals.demo.partner:app") as partner:
        log = []
        command = [sys.executable, "-m", "apivitals.demo.visit", partner.url, "--rate", "100"]
        visitor = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ)
        try:
            # The partner knows no viewers: it tells so in its log.
            eventually(lambda: "(403 Forbidden)" in partner.log, "a visit")
            visitor.send_signal(signal.SIGTERM)
            said, _ = visitor.communicate(timeout=15)
            log = said.splitlines()
        finally:
            visitor.kill()
            visitor.wait()
    assert visitor.returncode == 0, log
    assert log[-1].endswith("left out")
    assert int(log[-1].split()[0]) > 0
