"""What docs/troubleshooting.md quotes is what apivitals says, and what it says of numbers is so."""

import ast
import functools
import re
from bisect import bisect_left
from pathlib import Path

import anyio.to_thread
import pytest
import yaml
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

import apivitals
from apivitals.catalog.http import REQUEST_DURATION
from apivitals.http.queue import FUTURE, MALFORMED, TOO_OLD
from apivitals.sources import nvml
from tests.support.asgi import Client

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
BLOCKS = re.findall(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
QUOTED = [
    *(line for block in BLOCKS for line in block.splitlines()),
    *re.findall(r"`((?:is not shown|there is no such|was called)[^`]*)`", PAGE),
]
BLANK = "~"


@functools.cache
def said():
    """Every text in the source, with a mark for what is filled in."""
    return [text.replace("\n", " ") for text in _texts()]


def _texts():
    for path in Path(apivitals.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(one.value) if isinstance(one, ast.Constant) else BLANK for one in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.sub(r"%[\d.]*[sdfr]", BLANK, node.value)


def test_there_are_quotations():
    assert len(QUOTED) >= 6


@pytest.mark.parametrize("message", QUOTED)
def test_messages_are_in_the_source(message):
    parts = [re.sub(r"\d+(\.\d+)*", BLANK, part) for part in message.split("; did you mean")]
    assert all(any(part in text for text in said()) for part in parts)


def test_reasons_are_those_of_the_code():
    section = PAGE.split("### There is no GPU")[1].split("###")[0]
    reasons = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", section)) - {"apivitals_gpu_up"}
    assert reasons == {
        nvml.LIBRARY_NOT_FOUND, nvml.DRIVER_NOT_LOADED, nvml.VERSION_MISMATCH, nvml.NO_PERMISSION, nvml.NO_GPU
    }  # fmt: skip
    section = PAGE.split("### There is no queue time")[1].split("##")[0]
    assert {MALFORMED, FUTURE, TOO_OLD} <= set(re.findall(r"`(\w+)`", section))


@pytest.mark.anyio
async def test_requests_that_no_route_took_have_none(instrumented, tmp_path):
    (tmp_path / "style.css").write_text("p {}")

    async def hello(_: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    cors = Middleware(CORSMiddleware, allow_origins=["*"])
    routes = [Route("/hello", hello), Mount("/static", StaticFiles(directory=tmp_path))]
    one = instrumented(Starlette(routes=routes, middleware=[cors]))
    client = Client(one.app)
    await client.get("/hello/")
    await client.get("/nowhere")
    preflight = {"origin": "http://elsewhere", "access-control-request-method": "GET"}
    await client.request("OPTIONS", "/hello", headers=preflight)
    await client.get("/static/style.css")
    assert [(method, route, status) for method, route, status, _, _ in one.outcomes()] == [
        ("GET", "", "307"),
        ("GET", "", "404"),
        ("GET", "/static/{path}", "200"),
        ("OPTIONS", "", "200"),
    ]


@pytest.mark.anyio
async def test_a_regular_expression_is_searched_in_the_whole_url(instrumented):
    async def claims(_: Request) -> PlainTextResponse:
        return PlainTextResponse("none")

    one = instrumented(Starlette(routes=[Route("/healthcare/claims", claims)]), excluded_urls=["health"])
    assert (await Client(one.app).get("/healthcare/claims")).status == 200
    assert one.outcomes() == []


def test_percentiles_are_what_histogram_quantile_makes_of_the_bounds():
    bounds = REQUEST_DURATION.bounds
    assert bounds[-1] == 30
    above = bisect_left(bounds, 0.002)
    low, high = bounds[above - 1], bounds[above]
    assert (low, high) == (0.001, 0.0025)
    assert f"{1000 * (low + 0.99 * (high - low)):.2f} ms" in PAGE


def test_alerts_wait_and_need_requests_as_is_said():
    rules = yaml.safe_load((ROOT / "prometheus/rules/apivitals-thresholds.yml").read_text())
    by_name = {rule["alert"]: rule for group in rules["groups"] for rule in group["rules"]}
    assert by_name["ApiResponseTimeHigh"]["expr"].endswith("* 300 >= 20")
    assert by_name["ApiErrorRateHigh"]["expr"].endswith("* 300 >= 5")
    assert "20 requests in five minutes on, a failure rate from five failures" in " ".join(PAGE.split())


@pytest.mark.anyio
async def test_there_are_forty_threads():
    assert anyio.to_thread.current_default_thread_limiter().total_tokens == 40
