"""The application that every variant instruments: JSON endpoints with a path and a query parameter."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import FastAPI, Query
from starlette.types import ASGIApp

from benchmarks.client import Client


@dataclass(frozen=True)
class Subject:
    """An instrumented app, and how many requests to the measured route its telemetry says it has seen."""

    app: ASGIApp
    counted: Callable[[Client], Coroutine[Any, Any, int]] | None = None


def target_route(routes: int) -> str:
    """Return the template of the measured route: the one in the middle."""
    return f"/shelf_{routes // 2}/videos/{{video_id}}"


def target_path(routes: int) -> str:
    """Return a path that the measured route answers."""
    return target_route(routes).format(video_id=1234)


def build_app(routes: int, before: Callable[[], None] | None = None, **settings: Any) -> FastAPI:
    """Make the app with so many routes, whose endpoints first call `before`; settings go to FastAPI."""
    app = FastAPI(**settings)
    for number in range(routes):
        app.get(f"/shelf_{number}/videos/{{video_id}}")(_video_endpoint(before))
    return app


def _video_endpoint(before: Callable[[], None] | None) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def video(video_id: int, language: Annotated[str, Query(max_length=8)] = "en") -> dict[str, Any]:
        if before is not None:
            before()
        return {"id": video_id, "title": "The General", "language": language, "minutes": 79, "tags": ["silent", "1926"]}

    return video
