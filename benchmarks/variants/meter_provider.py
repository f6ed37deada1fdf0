"""apivitals recording through a MeterProvider of the OpenTelemetry SDK instead of its own store."""

from typing import get_args

import apivitals
from apivitals.setting_values import SourceName
from benchmarks.client import Client
from benchmarks.providers import in_memory_metrics, metered
from benchmarks.subject import Subject, build_app


def build(routes: int) -> Subject:
    """Make the app with a reader in memory, and every source switched off."""
    provider, reader = in_memory_metrics()
    app = build_app(routes)
    apivitals.instrument(app, meter_provider=provider, disabled_sources=get_args(SourceName))

    async def counted(_client: Client) -> int:
        return metered(reader, "http.server.request.duration")

    return Subject(app, counted)
