"""Dependencies with `yield`: what they clean up changes nothing of how a request ended."""

import pytest

from tests.support.asgi import Client

fastapi = pytest.importorskip("fastapi", reason="FastAPI is not installed: this is the plain Starlette suite")
pytestmark = pytest.mark.anyio


def application(asynchronous, cleaned):
    app = fastapi.FastAPI()

    async def resource_async():
        try:
            yield 1
        finally:
            cleaned.append("async")

    def resource_sync():
        try:
            yield 1
        finally:
            cleaned.append("sync")

    resource = fastapi.Depends(resource_async if asynchronous else resource_sync)

    async def endpoint(how: str, one: int = resource):
        if how == "missing":
            raise fastapi.HTTPException(404)
        if how == "failing":
            raise KeyError(how)
        return one

    app.get("/x/{how}")(endpoint)
    return app


@pytest.mark.parametrize("asynchronous", [True, False])
@pytest.mark.parametrize(
    ("how", "expected"), [("fine", ("200", "")), ("missing", ("404", "")), ("failing", ("500", "KeyError"))]
)
async def test_outcome_is_the_endpoints(instrumented, asynchronous, how, expected):
    cleaned: list[str] = []
    app = application(asynchronous, cleaned)
    shown = instrumented(app)
    await Client(app).get(f"/x/{how}")
    assert shown.only_outcome() == ("/x/{how}", *expected)
    assert len(cleaned) == 1
