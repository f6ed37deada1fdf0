"""apivitals with its defaults."""

from typing import Any

import apivitals
from benchmarks.client import Client
from benchmarks.exposition import scraped
from benchmarks.subject import Subject, build_app, target_route


def build(routes: int, app: Any = None, **settings: Any) -> Subject:
    """Make the app with the one line, and settings if there are any."""
    app = app or build_app(routes)
    apivitals.instrument(app, **settings)

    async def counted(client: Client) -> int:
        return await scraped(client, "http_server_request_duration_seconds_count", {"http_route": target_route(routes)})

    return Subject(app, counted)
