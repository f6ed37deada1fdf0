"""What host and process have in common: parts that are read one by one, and time between two readings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from apivitals.catalog import Metric
from apivitals.families import Family, Number

# What the system counts in hundredths of a second says nothing of a shorter time.
SHORTEST_SECONDS = 0.1

Part = Callable[[], Iterator[Family]]
Values = Mapping[tuple[str, ...], float]


def family(metric: Metric, values: Values | float) -> Family:
    """Make a family of values by label values, or of one value without labels."""
    by_labels = values if isinstance(values, Mapping) else {(): values}
    return Family(metric, metric.label_names, [Number(labels, float(value)) for labels, value in by_labels.items()])


def read_parts(parts: Sequence[tuple[str, Part]], failures: dict[str, Exception]) -> Iterator[Family]:
    """Yield the families of all parts. One that fails is put into `failures`, and the others go on."""
    failures.clear()
    for name, part in parts:
        try:
            yield from list(part())
        except Exception as error:  # noqa: BLE001  # psutil raises its own errors, OSError, and what parsing gives
            failures[name] = error


class Shares:
    """Turns growing amounts of seconds into shares of the time between two readings."""

    def __init__(self) -> None:
        self._before: tuple[float, dict[str, float]] | None = None
        self._shares: dict[str, float] = {}

    def since_last(self, elapsed: float, amounts: Mapping[str, float]) -> dict[str, float]:
        """Return each amount's growth as a share of `elapsed`'s; nothing at first, the last shares if it is too soon.

        Both only grow, in seconds.
        """
        if self._before is None:
            self._before = (elapsed, dict(amounts))
        then, before = self._before
        if elapsed - then >= SHORTEST_SECONDS:
            self._shares = {key: max(0.0, amounts[key] - before.get(key, 0.0)) / (elapsed - then) for key in amounts}
            self._before = (elapsed, dict(amounts))
        return self._shares
