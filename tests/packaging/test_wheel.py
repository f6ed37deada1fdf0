"""The wheel, as a user gets it: in an environment of its own, without extras and without this checkout's src."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.servers import ROOT

pytest.importorskip("build", reason="no `build` to make the wheel with")

SHIPPED = """
from apivitals.shipped import shipped
print(*sorted(file.name for file in shipped("grafana/dashboards").iterdir()))
print(shipped("grafana/provisioning").parent.parent.name)
print(*(shipped(name).is_file() for name in ("prometheus/prometheus.yml", "alertmanager/alertmanager.yml")))
try:
    shipped("grafana/nothing")
except FileNotFoundError as error:
    print(str(error).endswith("nothing does not exist: it should have been installed with apivitals"))
"""
FIND = "import importlib.util as u; print([name for name in {modules} if u.find_spec(name)])"
SERVICE = """
import asyncio
from pathlib import Path

import apivitals
from fastapi import FastAPI

from tests.support.asgi import Client
from tests.support.exposition import samples

app = FastAPI()


@app.get("/hello/{name}")
@apivitals.priority("critical")
def hello(name: str) -> str:
    return f"hello {name}"


apivitals.instrument(app)


async def main() -> None:
    client = Client(app)
    for name in ("ada", "grace"):
        assert (await client.get(f"/hello/{name}")).json() == f"hello {name}"
    page = samples((await client.get("/metrics")).body)
    labels = {"http_route": "/hello/{name}", "priority": "critical", "http_response_status_code": "200"}
    print(Path(apivitals.__file__).parent)
    print(page.value("http_server_request_duration_seconds_count", **labels))


asyncio.run(main())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", directory, ROOT)
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("user") / "environment"
    run(ROOT / "tools" / "make_venv", sys.executable, directory)
    run(directory / "bin/python", "-m", "pip", "install", "--quiet", wheel, "fastapi")
    return directory


def test_wheel_holds_the_package_whole_and_nothing_else(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    sources = ROOT / "src"
    files = {path.relative_to(sources).as_posix() for path in sources.glob("apivitals/**/*") if path.is_file()}
    shipped = {name for name in files if "__pycache__" not in name}
    assert "apivitals/py.typed" in names
    assert shipped <= names
    assert {name for name in names if not name.startswith("apivitals/")} == set()
    assert [name for name in names if "test" in name or "bench" in name] == []


def test_wheel_says_what_it_is(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        (metadata_name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(metadata_name).decode()
        licences = [name for name in archive.namelist() if name.endswith("LICENSE")]
    lines = metadata.splitlines()
    assert "Requires-Python: >=3.10" in lines
    assert "License-Expression: Apache-2.0" in lines
    assert licences
    required = {line.split()[1] for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line}
    assert not any(name.startswith(("fastapi", "typer", "rich", "pytest")) for name in required)
    assert any(name.startswith("starlette") for name in required)


def test_environment_is_consistent_and_has_no_extras(environment: Path):
    run(environment / "bin/python", "-m", "pip", "check")
    found = run(environment / "bin/python", "-c", FIND.format(modules=["typer", "rich", "httpx", "yaml", "uvicorn"]))
    assert found == "[]\n"


def test_app_is_instrumented_and_scraped(environment: Path, tmp_path: Path):
    script = tmp_path / "service.py"
    script.write_text(SERVICE)
    # The tests' client comes from the checkout's root; the package is under src, so it can only be the wheel's.
    answer = run(environment / "bin/python", script, env={"PYTHONPATH": str(ROOT)})
    package, count = answer.splitlines()
    assert Path(package).is_relative_to(environment.resolve())
    assert float(count) == 2


def test_command_without_its_extra_is_one_line_that_names_it(environment: Path):
    done = subprocess.run([environment / "bin/apivitals"], capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).splitlines()
    assert done.returncode != 0
    assert len(said) == 1, said
    assert "apivitals[" in said[0]


def run(*command: str | Path, env: dict[str, str] | None = None) -> str:
    """Run it and return what it prints; what it says when it fails is the test's failure."""
    done = subprocess.run(command, capture_output=True, text=True, env=env and os.environ | env, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_what_ships_beside_the_code_is_found(environment: Path):
    dashboards = sorted(file.name for file in (ROOT / "grafana/dashboards").glob("*.json"))
    found = run(environment / "bin/python", "-c", SHIPPED)
    assert found == f"{' '.join(dashboards)}\nshipped\nTrue True\nTrue\n"
