"""prometheus-fastapi-instrumentator as its README begins: default metrics, exposed by the app."""

from prometheus_fastapi_instrumentator import Instrumentator

from benchmarks.client import Client
from benchmarks.exposition import scraped
from benchmarks.subject import Subject, build_app, target_route


def build(routes: int) -> Subject:
    """Make the app with prometheus-fastapi-instrumentator."""
    app = build_app(routes)
    Instrumentator().instrument(app).expose(app)

    async def counted(client: Client) -> int:
        return await scraped(client, "http_request_duration_seconds_count", {"handler": target_route(routes)})

    return Subject(app, counted)
