"""Reading Prometheus text: how the benchmarks know that a variant really counted."""

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.client import Client


def sample_sum(text: str, name: str, labels: Mapping[str, str]) -> float:
    """Return the sum of the samples of this name that have these label values."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


async def scraped(client: Client, name: str, labels: Mapping[str, str]) -> int:
    """Scrape the app's /metrics and return the sum of the samples of this name that have these label values.

    Raises RuntimeError when the scrape is not answered by 200.
    """
    answer = await client.request("/metrics", headers=((b"host", b"localhost"), (b"accept", b"text/plain")))
    if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
        raise RuntimeError(f"GET /metrics was answered by {answer.status}, not by 200")
    return int(sample_sum(answer.body.decode(), name, labels))
