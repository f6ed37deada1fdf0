"""Requests through a user's own meter provider: the same numbers as in the store."""

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.support.asgi import Client

NAMES = (
    "http_server_request_duration_seconds_count",
    "apivitals_http_server_time_to_first_byte_seconds_count",
    "http_server_request_body_size_bytes_sum",
    "http_server_response_body_size_bytes_sum",
    "apivitals_http_server_component_duration_seconds_count",
    "http_server_active_requests",
)


def make_app():
    async def items(request):
        return JSONResponse(await request.json())

    async def fails(request):
        raise ValueError

    return Starlette(routes=[Route("/items", items, methods=["POST"]), Route("/fails", fails)])


async def used(app):
    client = Client(app)
    for _ in range(3):
        await client.post("/items", body=b'{"n": 1}', headers={"content-type": "application/json"})
    await client.get("/nowhere")
    await client.get("/fails")


@pytest.mark.anyio
async def test_the_page_shows_the_same_numbers(instrumented):
    pages = []
    for settings in ({}, {"meter_provider": MeterProvider(shutdown_on_exit=False)}):
        one = instrumented(make_app(), **settings)
        await used(one.app)
        pages.append(one.page())
    store, provided = ({name: numbers(page, name) for name in NAMES} for page in pages)
    assert provided == store
    assert store["http_server_request_duration_seconds_count"]


def numbers(page, name):
    return {tuple(sorted((k, v) for k, v in s.labels.items() if v)): s.value for s in page.series(name)}
