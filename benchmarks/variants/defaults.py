"""apivitals with its defaults."""

from collections.abc import Sequence

import apivitals
from apivitals.settings import SourceName
from benchmarks.client import Client
from benchmarks.exposition import scraped
from benchmarks.subject import Subject, build_app, target_route


def build(routes: int, *, disabled_sources: Sequence[SourceName] = ()) -> Subject:
    """Make the app with the one line."""
    app = build_app(routes)
    apivitals.instrument(app, disabled_sources=disabled_sources)

    async def counted(client: Client) -> int:
        return await scraped(client, "http_server_request_duration_seconds_count", {"http_route": target_route(routes)})

    return Subject(app, counted)
