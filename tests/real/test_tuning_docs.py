"""The numbers of docs/tuning.md are those of a page."""

import ast
import gzip
import re
import subprocess
from typing import Any

import pytest
import yaml

import apivitals
from apivitals.objectives import from_mapping
from tests.support.asgi import Client
from tests.support.exposition import samples
from tests.support.servers import ROOT, needs
from tests.support.vitals import SOURCES

fastapi = pytest.importorskip("fastapi", reason="it has all components")

PAGE = (ROOT / "docs" / "tuning.md").read_text()
ROUTE = "/books/{number}"


def serve(**settings):
    app = fastapi.FastAPI()

    @app.get(ROUTE)  # type: ignore[untyped-decorator]  # importorskip gives no types
    async def book(number: int) -> int:
        if number == 404:
            raise fastapi.HTTPException(404)
        if number == 2:
            for component in ("database", "cache"):
                with apivitals.track(component):
                    pass
        return number

    own: Any = {"registries": (), "opentelemetry_metrics": False, "disabled_sources": SOURCES}
    return app, apivitals.instrument(app, **own | settings)


async def lines(*numbers: int, **settings) -> list[str]:
    """The samples that the route has after requests for these numbers."""
    app, vitals = serve(**settings)
    for number in numbers:
        await Client(app).get(f"/books/{number}")
    page = vitals.metrics()
    vitals.uninstrument()
    return [line for line in page.splitlines() if f'http_route="{ROUTE}"' in line]


def table(head: str) -> dict[str, int]:
    body = PAGE.split(head)[1].split("\n\n")[0]
    rows = [line.strip("|").split(" | ") for line in body.splitlines()[2:]]
    return {row[0].strip(" `"): int(row[1]) for row in rows}


def own_bounds():
    (call,) = [
        node
        for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "instrument"
    ]
    return {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}


@pytest.mark.anyio
async def test_samples_of_a_route():
    found = await lines(1)
    told = table("| metric | samples |")
    assert sum(told.values()) == len(found) == 158
    for name, count in told.items():
        assert (
            sum(line.startswith((f"{name}_bucket", f"{name}_sum", f"{name}_count", f"{name}{{")) for line in found)
            == count
        )
    assert len("\n".join(found)) == pytest.approx(28_000, rel=0.05)


@pytest.mark.anyio
async def test_the_formula():
    assert len(await lines(1, 404)) - len(await lines(1)) == 66
    assert len(await lines(2)) - len(await lines(1)) == 2 * 32
    assert len(await lines(2, 404)) == 66 * 2 + 18 * 7 + 14 * 2 + 2
    assert 50 * len(await lines(2, 404)) == 14_400
    assert "14,400" in PAGE


@pytest.mark.anyio
async def test_what_each_setting_leaves():
    told = table("| what | a route then has | what is lost |")
    bounds = own_bounds()
    assert {
        "nothing": len(await lines(1)),
        "breakdown=False": len(await lines(1, breakdown=False)),
        "bounds of your own, as below": len(await lines(1, **bounds)),
        "both": len(await lines(1, breakdown=False, **bounds)),
        'excluded_routes=["/books/*"]': len(await lines(1, excluded_routes=["/books/*"])),
    } == told


@pytest.mark.anyio
async def test_labels_with_one_value_add_none():
    assert len(await lines(1, labels={"region": "eu"})) == len(await lines(1))


@pytest.mark.anyio
async def test_the_rest_of_the_page():
    app, vitals = serve()
    await Client(app).get("/books/1")
    page = vitals.metrics()
    vitals.uninstrument()
    others = "apivitals_operation_", "gen_ai_", "apivitals_cache_"  # of other tests in this process
    rest = [one for one in samples(page) if ROUTE not in one.labels.values() and not one.name.startswith(others)]
    assert len(rest) == pytest.approx(60, abs=10)
    assert len(gzip.compress(page.encode(), 1)) < 0.15 * len(page)


def test_bounds_that_the_shipped_rules_need():
    (said,) = re.findall(r"keep ([\d., and]+) s\.", PAGE)
    assert [float(one) for one in re.findall(r"\d+(?:\.\d+)?", said)] == sorted(from_mapping({}).thresholds_seconds())


def test_prometheus_takes_the_configuration_and_it_drops_what_it_says(tmp_path):
    needs("promtool")
    (block,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "prometheus.yml").write_text(block)
    command = ["promtool", "check", "config", tmp_path / "prometheus.yml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (job,) = yaml.safe_load(block)["scrape_configs"]
    (rule,) = job["metric_relabel_configs"]
    dropped = re.compile(rule["regex"])
    for path in (ROOT / "prometheus" / "rules").glob("*.yml"):
        named = set(re.findall(r"\bhttp_server_\w+", path.read_text()))
        assert not [name for name in named if dropped.fullmatch(name)]
    assert dropped.fullmatch("http_server_response_body_size_bytes_bucket")
