"""A store's series get other cells, as when a worker's files are made again: what is bound meanwhile is not kept."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from apivitals.http import meter
from apivitals.store import Blocks
from tests.support.asgi import Client
from tests.support.vitals import COUNT

pytestmark = pytest.mark.anyio

COMPONENTS = "apivitals_http_server_component_duration_seconds_count"


async def hello(request):
    return PlainTextResponse("hello")


@pytest.mark.parametrize("breakdown", [False, True])
async def test_requests_after_it_are_counted(instrumented, monkeypatch, breakdown):
    app = Starlette(routes=[Route("/", hello)])
    shown = instrumented(app, breakdown=breakdown)
    (store,) = (store for key, store in shown.vitals._exposition.page.contents.stores.items() if key == "http")  # noqa: SLF001
    real = meter.recorder
    moved: list[bool] = []

    def meanwhile(*args, **options):
        made = real(*args, **options)
        if not moved:
            moved.append(True)
            store.move(Blocks())
        return made

    monkeypatch.setattr(meter, "recorder", meanwhile)
    for _ in range(3):
        await Client(app).get("/")
    assert moved
    assert shown.page().value(COUNT) >= 2
    if breakdown:
        assert shown.page().value(COMPONENTS, component="endpoint") >= 2
