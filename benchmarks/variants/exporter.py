"""starlette_exporter as its README begins; it groups paths by route by default."""

from starlette_exporter import PrometheusMiddleware, handle_metrics

from benchmarks.client import Client
from benchmarks.exposition import scraped
from benchmarks.subject import Subject, build_app, target_route


def build(routes: int) -> Subject:
    """Make the app with starlette_exporter."""
    app = build_app(routes)
    app.add_middleware(PrometheusMiddleware)
    app.add_route("/metrics", handle_metrics)

    async def counted(client: Client) -> int:
        return await scraped(client, "starlette_request_duration_seconds_count", {"path": target_route(routes)})

    return Subject(app, counted)
