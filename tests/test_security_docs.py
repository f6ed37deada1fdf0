"""What docs/security.md promises, where no other test holds it already."""

import ast
import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import apivitals
from tests.support.asgi import Client

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()
SOURCE = Path(apivitals.__file__).parent
TOOLS = {"cli", "demo", "stack", "dashboards", "slo", "alertmanager_config"}
MARKS = ("secretparameter", "secretquery", "secretheader", "secretcookie", "secretbody", "secrethost", "secretagent")


def running():
    """The modules that a running service may import."""
    return [path for path in SOURCE.rglob("*.py") if path.relative_to(SOURCE).parts[0] not in TOOLS]


@pytest.mark.anyio
async def test_nothing_that_a_client_sends_is_on_the_page(instrumented):
    async def show(request: Request) -> JSONResponse:
        return JSONResponse({"read": len(await request.body()), "who": request.path_params["name"]})

    one = instrumented(Starlette(routes=[Route("/people/{name}", show, methods=["POST"])]))
    headers = {
        "authorization": "Bearer secretheader",
        "cookie": "session=secretcookie",
        "host": "secrethost",
        "user-agent": "secretagent",
        "x-forwarded-for": "203.0.113.77",
        "x-request-start": "t=1700000000.000",
    }
    path = "/people/secretparameter?token=secretquery"
    answer = await Client(one.app).post(path, body=b"secretbody", headers=headers)
    assert answer.status == 200
    await Client(one.app).get("/secretpath/nowhere")
    text = one.vitals.metrics()
    assert 'http_route="/people/{name}"' in text
    assert not [mark for mark in (*MARKS, "secretpath", "203.0.113.77", "testclient") if mark in text]
    assert "queue" not in text


def test_nothing_is_unpickled_evaluated_or_started():
    forbidden = {"pickle", "marshal", "shelve", "subprocess", "code", "codeop"}
    for path in running():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert not {alias.name.split(".")[0] for alias in node.names} & forbidden, path
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in forbidden, path
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile", "__import__"}, path


def test_yaml_is_read_by_the_safe_loader():
    loads = [text for path in SOURCE.rglob("*.py") for text in re.findall(r"yaml\.(\w*load\w*)\(", path.read_text())]
    assert loads
    assert set(loads) <= {"safe_load", "safe_load_all"}


def test_dependencies_are_those_of_the_package():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has none")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {re.split(r"[<>=\[; ]", one)[0] for one in project["dependencies"]}
    body = PAGE.split("| package | for |")[1].split("\n\n")[0]
    assert {name for line in body.splitlines() for name in re.findall(r"`([\w-]+)`", line.split(" | ")[0])} == named


@pytest.mark.parametrize("name", re.findall(r"`((?:metrics|alert|trust|request|response)_\w+)(?:`|=)", PAGE))
def test_settings_that_are_named_are_there(name):
    assert name in apivitals.Settings.model_fields
