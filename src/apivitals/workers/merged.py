"""The sums over all workers of a group: of one store's instruments, with what the others' have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import add

from apivitals.catalog import Metric
from apivitals.families import Distribution, Exemplar, Family, Number
from apivitals.store import Counter, Gauge, Histogram, Store
from apivitals.store.memory import Labels
from apivitals.workers.reading import Key, Reading

_Instrument = Counter | Gauge | Histogram


@dataclass(frozen=True)
class Size:
    """An instrument's number of series, and how many observations were past the limit, in all workers."""

    metric: Metric
    series: int
    dropped: int

    def __len__(self) -> int:
        return self.series


class MergedStore:
    """A store of this worker's, together with the stores of the same name in `readings`."""

    def __init__(self, store: Store, name: str, readings: Sequence[Reading]) -> None:
        self._store = store
        self._name = name
        self._readings = readings
        self._living = tuple(reading for reading in readings if reading.is_living)

    def collect(self) -> Iterator[Family]:
        """Yield a family for each instrument that has a series in any worker; its points are read as it is iterated."""
        for instrument in self._store.instruments():
            key = self._key(instrument)
            if len(instrument) or any(reading.table(key) for reading in self._relevant(instrument)):
                yield Family(instrument.metric, instrument.label_names, self._points(instrument), instrument.bounds)

    def instruments(self) -> Sequence[Size]:
        """How large each instrument is."""
        dropped = {labels: value for labels, value in self._totals(self._store.drops) if labels is not None}
        return [
            Size(
                instrument.metric,
                sum(labels is not None for labels in self._labels(instrument)),
                int(dropped.get((instrument.metric.exposed,), 0)),
            )
            for instrument in self._store.instruments()
        ]

    def error_counts(self) -> Mapping[str, float]:
        """Errors of our own, by operation."""
        return {"" if labels is None else labels[0]: value for labels, value in self._totals(self._store.errors)}

    def _points(self, instrument: _Instrument) -> Iterator[Number | Distribution]:
        if isinstance(instrument, Histogram):
            return self._distributions(instrument)
        return (Number(labels, value) for labels, value in self._totals(instrument))

    def _totals(self, instrument: Counter | Gauge) -> Iterator[tuple[Labels | None, float]]:
        key = self._key(instrument)
        tables = [(reading.cells, reading.table(key)) for reading in self._relevant(instrument)]
        own = dict(instrument.all_series())
        for labels in self._labels(instrument):
            series = own.get(labels)
            value = 0.0 if series is None else series.value
            for cells, table in tables:
                first = table.get(labels)
                if first is not None and first < len(cells):
                    value += cells[first]
            yield labels, value

    def _distributions(self, instrument: Histogram) -> Iterator[Distribution]:
        key = self._key(instrument)
        readings = self._relevant(instrument)
        tables = [(reading.cells, reading.table(key)) for reading in readings]
        own = dict(instrument.all_series())
        width = instrument.declaration.cells
        nothing = Distribution(None, [0.0] * (width - 1), 0.0, {})
        for labels in self._labels(instrument):
            series = own.get(labels)
            _, counts, total, exemplars = nothing if series is None else series.read(labels)
            for cells, table in tables:
                first = table.get(labels)
                if first is not None and first + width <= len(cells):
                    counts = list(map(add, counts, cells[first : first + width - 1]))
                    total += cells[first + width - 1]
            yield Distribution(labels, counts, total, self._newest(key, labels, exemplars))

    def _newest(self, key: Key, labels: Labels | None, own: Mapping[int, Exemplar]) -> Mapping[int, Exemplar]:
        newest = dict(own)
        for reading in self._readings:
            for bucket, exemplar in reading.exemplars(key, labels):
                held = newest.get(bucket)
                if held is None or held.timestamp < exemplar.timestamp:
                    newest[bucket] = exemplar
        return newest

    def _key(self, instrument: _Instrument) -> Key:
        return self._name, instrument.declaration

    def _relevant(self, instrument: _Instrument) -> Sequence[Reading]:
        return self._living if isinstance(instrument, Gauge) else self._readings

    def _labels(self, instrument: _Instrument) -> Iterator[Labels | None]:
        """Yield the label sets of an instrument in all workers, each once; the one past the limit last."""
        own = instrument.all_series()
        seen = {labels: None for labels, _ in own}
        for reading in self._relevant(instrument):
            seen.update(dict.fromkeys(list(reading.table(self._key(instrument)))))
        past_limit = None in seen
        seen.pop(None, None)
        yield from seen
        if past_limit:
            yield None
