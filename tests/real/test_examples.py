"""The examples run, and print what the docs say that they print."""

import re
import subprocess
import sys

import pytest

from tests.support.servers import ROOT

NUMBER = re.compile(r"\d+(\.\d+)?(e-?\d+)?")
ID = re.compile(r'(?<=_id=")[0-9a-f]+(?=")')
BUCKET = re.compile(r'le="[^"]+"')


def shape(text: str) -> list[str]:
    """Return the lines without what differs from run to run."""
    return [NUMBER.sub("N", BUCKET.sub("le", ID.sub("ID", line))) for line in text.strip().splitlines()]


def test_the_trace_in_the_docs_is_what_its_example_prints():
    for package in ("fastapi", "httpx", "sqlalchemy", "opentelemetry.instrumentation.sqlalchemy"):
        pytest.importorskip(package)
    if not hasattr(__import__("fastapi"), "telemetry"):
        pytest.skip("this FastAPI has no telemetry of its own")
    script = ROOT / "examples" / "trace_of_a_request.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (printed,) = re.findall(
        r"^```text\n(.*?)^```", (ROOT / "docs" / "tracing.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert shape(done.stdout) == shape(printed)
    assert done.stderr == ""
