"""Data goes one way: no module imports against the arrows of the design."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import apivitals

SOURCE = Path(apivitals.__file__).parent

# Each may import those before it, and itself.
LAYERS = [
    {"version"},
    {"catalog"},
    {"settings_file", "route_pattern", "shipped"},
    {"setting_values"},
    {"arguments", "settings", "families", "errors", "exceptions", "bounded", "patching"},
    {"objectives"},
    {"configuration", "store"},
    {"workers"},
    {"breakdown"},
    {"operations"},
    {"tracing"},
    {"http", "sources"},
    {"export"},
    {"alerts"},
    {"entrance"},
    {"lifecycle"},
    {"exposition"},
    {"instrumentation"},
]
# Make files from objectives; nothing of the running application imports them.
GENERATORS = {"slo", "alertmanager_config", "dashboards"}
TOOLS = {"cli", "demo", "stack"}


def room(module):
    """`apivitals.http.route` is in the room `http`, and the package itself in ""."""
    return module.split(".")[1] if "." in module else ""


def imports(path):
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {
                f"{node.module}.{alias.name}" if node.module == "apivitals" else node.module for alias in node.names
            }
    return {name for name in found if name.split(".")[0] == "apivitals"}


MODULES = [
    pytest.param(path, path.relative_to(SOURCE).with_suffix("").parts[0], id=str(path.relative_to(SOURCE)))
    for path in sorted(SOURCE.rglob("*.py"))
]


@pytest.mark.parametrize(("path", "own"), MODULES)
def test_imports_follow_the_arrow(path, own):
    if own in {"__init__", "__main__", *TOOLS}:
        return
    if own in GENERATORS:
        allowed = GENERATORS.union(*LAYERS[: LAYERS.index({"objectives"}) + 1])
    else:
        rank = next((n for n, layer in enumerate(LAYERS) if own in layer), None)
        assert rank is not None, f"{own} has no place in LAYERS"
        allowed = set().union(*LAYERS[:rank], {own})
    assert {room(name) for name in imports(path)} <= allowed


@pytest.mark.parametrize(("path", "own"), MODULES)
def test_modules_stay_small(path, own):
    assert len(path.read_text().splitlines()) <= 300


def test_the_running_application_loads_no_tool_and_no_extra():
    code = (
        "import sys, apivitals; from starlette.applications import Starlette; apivitals.instrument(Starlette());"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'typer', 'rich', 'yaml', 'httpx', 'fastapi'}),"
        "[m for m in sys.modules if m.startswith('apivitals.') and m.split('.')[1] in"
        " {'cli', 'demo', 'slo', 'alertmanager_config', 'objectives'}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[] []"
