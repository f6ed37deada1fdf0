"""A /metrics page, parsed, for tests to look things up in.

    page = samples(text)
    page.value("http_server_request_duration_seconds_count", http_route="/x")

Both formats are parsed by prometheus-client's own parsers, so a page that it refuses fails the test.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as text_families
from prometheus_client.samples import Exemplar


@dataclass(frozen=True)
class Sample:
    """One line of the page."""

    name: str
    labels: dict[str, str]
    value: float
    exemplar: Exemplar | None


class Samples:
    """All samples of one page. Labels that a question does not name may have any value."""

    def __init__(self, families: list[Metric]) -> None:
        self.families = {family.name: family for family in families}
        _refuse_doubles("families", [family.name for family in families])
        self._samples = [
            Sample(sample.name, dict(sample.labels), float(sample.value), sample.exemplar)
            for family in families
            for sample in family.samples
        ]
        _refuse_doubles("samples", [(sample.name, *sorted(sample.labels.items())) for sample in self._samples])

    def __iter__(self) -> Iterator[Sample]:
        return iter(self._samples)

    def series(self, name: str, **labels: str) -> list[Sample]:
        """Return the samples of that name with these labels, in the page's order."""
        return [s for s in self._samples if s.name == name and labels.items() <= s.labels.items()]

    def value(self, name: str, **labels: str) -> float:
        """Add up the samples of that name with these labels; 0.0 when there is none."""
        return sum((sample.value for sample in self.series(name, **labels)), 0.0)

    def has(self, name: str, **labels: str) -> bool:
        """Say whether there is a sample of that name with these labels."""
        return bool(self.series(name, **labels))

    def labels(self, name: str) -> list[dict[str, str]]:
        """Return the label sets of that name, `le` left out and each one once."""
        found: list[dict[str, str]] = []
        for sample in self.series(name):
            labels = {key: value for key, value in sample.labels.items() if key != "le"}
            if labels not in found:
                found.append(labels)
        return found

    def label_values(self, name: str, label: str) -> set[str]:
        """Return the values which that label has in the samples of that name."""
        return {sample.labels[label] for sample in self.series(name) if label in sample.labels}

    def names(self) -> set[str]:
        """Return the names of all samples."""
        return {sample.name for sample in self._samples}

    def buckets(self, name: str, **labels: str) -> dict[str, float]:
        """Return a histogram's cumulative counts by `le`, as printed, summed over the label sets that match."""
        counts: dict[str, float] = {}
        for sample in self.series(f"{name}_bucket", **labels):
            counts[sample.labels["le"]] = counts.get(sample.labels["le"], 0.0) + sample.value
        return counts


def _refuse_doubles(what: str, keys: list[Any]) -> None:
    doubles = [key for key, count in Counter(keys).items() if count > 1]
    if doubles:
        raise AssertionError(f"{what} twice on the page: {doubles}")


def samples(page: str | bytes) -> Samples:
    """Parse a page; OpenMetrics is told by its `# EOF`.

    Raises:
        ValueError: prometheus-client's parser refuses it.
        AssertionError: a family or a sample is there twice.
    """
    text = page.decode() if isinstance(page, bytes) else page
    parse = openmetrics_families if text.endswith("# EOF\n") else text_families
    return Samples(list(parse(text)))
