"""prometheus-client's `generate_latest` on what the text in a file says."""

import gzip
from pathlib import Path

from prometheus_client import CollectorRegistry, disable_created_metrics, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from benchmarks.rendering import FAMILIES, GZIP, IDENTITY, OPENMETRICS, TEXT, Render
from benchmarks.rendering.registry import families_in, openmetrics_families_in, registry_of, samples_of


def _openmetrics(registry: CollectorRegistry) -> bytes:
    return bytes(generate_openmetrics(registry))  # type: ignore[no-untyped-call]  # prometheus-client's own gap


async def build(text_file: str) -> Render:
    """Make the registry and return what renders it.

    Raises RuntimeError unless both of its formats hold the same samples as the text.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]  # its own gap; the text has no such samples
    families = families_in(Path(text_file).read_text(), FAMILIES)  # noqa: ASYNC240 - nothing else runs yet
    registry = registry_of(families)

    async def render(form: str, encoding: str) -> list[bytes]:
        page = generate_latest(registry) if form == TEXT else _openmetrics(registry)
        return [gzip.compress(page) if encoding == GZIP else page]

    expected = samples_of(families)
    text = b"".join(await render(TEXT, IDENTITY)).decode()
    openmetrics = b"".join(await render(OPENMETRICS, IDENTITY)).decode()
    if samples_of(families_in(text, FAMILIES)) != expected:
        raise RuntimeError("prometheus-client's text does not hold the same samples as ours")
    if samples_of(openmetrics_families_in(openmetrics, FAMILIES)) != expected:
        raise RuntimeError("prometheus-client's OpenMetrics does not hold the same samples as our text")
    return render
