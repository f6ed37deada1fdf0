"""Metrics that others made, in the same answer: with prometheus-client, and through it with the OpenTelemetry API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from apivitals.catalog import CATALOG
from apivitals.errors import ErrorLog
from apivitals.export.collector import OperationsCollector
from apivitals.export.prometheus import Format


@dataclass
class _One:
    """A registry of one family, for prometheus-client's own writers."""

    family: Metric

    def collect(self) -> Iterable[Metric]:
        return [self.family]


_SUFFIXES = {
    "counter": ("_total", "_created"),
    "summary": ("_sum", "_count", "_created"),
    "histogram": ("_bucket", "_sum", "_count", "_created"),
    "gaugehistogram": ("_bucket", "_gsum", "_gcount"),
    "info": ("_info",),
}
_write_openmetrics: Callable[[_One], bytes] = generate_openmetrics
_END = b"# EOF\n"


def sample_names(family: str, kind: str) -> set[str]:
    """Return every name that a family lays claim to: its own and those of its samples."""
    return {family, *(family + suffix for suffix in _SUFFIXES.get(kind, ()))}


OURS = frozenset(name for metric in CATALOG for name in sample_names(metric.family, metric.kind.value))


@dataclass(frozen=True)
class Source:
    """A registry of somebody else's.

    `doubles_ours` if it is known to hold what we measure too, under our names; `holds_ours` if that is what we
    recorded through it ourselves.
    """

    registry: Collector
    doubles_ours: bool = False
    holds_ours: bool = False


@dataclass
class Foreign:
    """Reads other people's registries. No family appears twice, and each failure costs only its own metrics."""

    errors: ErrorLog
    sources: list[Source] = field(default_factory=list)

    def families(self) -> list[Metric]:
        """Read all families. It may block, for as long as the collectors do."""
        families: dict[str, Metric] = {}
        claimed: dict[str, str] = {}
        for source in self.sources:
            for family in self._collect(source.registry):
                names = sample_names(family.name, family.type)
                if names & OURS and not source.holds_ours:
                    if not source.doubles_ours:
                        self._clash(family.name, "one of apivitals'")
                    continue
                known = families.get(family.name)
                if known is not None and known.type == family.type:
                    families[family.name] = merged(known, family)
                    continue
                taken = next((claimed[name] for name in sorted(names) if name in claimed), None)
                if taken is not None:
                    self._clash(family.name, f"the family {taken}'s")
                    continue
                families[family.name] = family
                claimed.update(dict.fromkeys(names, family.name))
        return list(families.values())

    def render(self, families: Iterable[Metric], form: Format) -> list[str]:
        """Return the text of families, one entry each."""
        texts = []
        for family in families:
            try:
                if form is Format.TEXT:
                    texts.append(generate_latest(_One(family)).decode())
                else:
                    texts.append(_write_openmetrics(_One(family)).removesuffix(_END).decode())
            except Exception as error:  # noqa: BLE001  # a family that cannot be written costs itself
                self.errors.caught("collect", error)
        return texts

    def _clash(self, name: str, whose: str) -> None:
        self.errors.caught(
            "name_clash",
            NameError(f"metric {name} is not shown: its name is {whose}; give it another name, or remove it"),
        )

    def _collect(self, registry: Collector) -> Iterator[Metric]:
        for collector in collectors(registry):
            if isinstance(collector, OperationsCollector):  # a module of a worker's, and of this application's
                continue
            try:
                yield from list(collector.collect())
            except Exception as error:  # noqa: BLE001  # a collector that raises costs its own metrics
                self.errors.caught("collect", error)


def collectors(registry: Collector) -> Sequence[Collector]:
    """Return the collectors of a registry, to be read one by one.

    prometheus-client has no public way to ask for them, and its `collect()` ends at the first one that raises; what
    is not its own registry is read as a whole.
    """
    inner = getattr(registry, "_collector_to_names", None)
    return list(inner) if isinstance(registry, CollectorRegistry) and inner is not None else [registry]


def merged(first: Metric, second: Metric) -> Metric:
    """Join two families of one name and type; of a series in both, the first one's sample stays."""
    joined = Metric(first.name, first.documentation, first.type)
    joined.unit = first.unit
    seen = set()
    for sample in (*first.samples, *second.samples):
        key = (sample.name, frozenset(sample.labels.items()))
        if key not in seen:
            seen.add(key)
            joined.samples.append(sample)
    return joined


def of_workers(by_worker: Mapping[str, Iterable[Metric]], label: str) -> list[Metric]:
    """Join the families of several workers, each sample with `label` saying whose it is.

    A label of that name which is there already is called `exported_` and its name, as Prometheus does it. A family
    that has another type in another worker is left out for that one.
    """
    families: dict[str, Metric] = {}
    for worker, own in by_worker.items():
        for family in own:
            joined = families.get(family.name)
            if joined is None:
                joined = families[family.name] = Metric(family.name, family.documentation, family.type)
                joined.unit = family.unit
            if joined.type == family.type:
                joined.samples += [_of_worker(sample, worker, label) for sample in family.samples]
    return list(families.values())


def _of_worker(sample: Sample, worker: str, label: str) -> Sample:
    labels = dict(sample.labels)
    if label in labels:
        labels[f"exported_{label}"] = labels.pop(label)
    return sample._replace(labels={**labels, label: worker})
