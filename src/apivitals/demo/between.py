"""What changed between two scrapes, summed over the series that share a key."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from apivitals.demo.scrape import Labels, Scrape

Key = TypeVar("Key", bound=Hashable)
KeyOf = Callable[[Mapping[str, str]], Key]
"""Makes a key from a sample's labels."""


@dataclass(frozen=True)
class Between:
    """Two scrapes of one service.

    Raises:
        ValueError: ``later`` is not later than ``earlier``.

    """

    earlier: Scrape
    later: Scrape

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise ValueError(
                "the later scrape must be the later one: "
                f"{self.later.at_seconds} after {self.earlier.at_seconds} seconds"
            )

    @property
    def seconds(self) -> float:
        """The time from the one to the other."""
        return self.later.at_seconds - self.earlier.at_seconds

    def increases(self, name: str, key_of: KeyOf[Key]) -> dict[Key, float]:
        """Say how much the counters called ``name`` rose."""
        return _sums(self.later.increase_since(self.earlier, name), key_of)

    def rates(self, name: str, key_of: KeyOf[Key]) -> dict[Key, float]:
        """Say how much the counters called ``name`` rose per second."""
        return {key: total / self.seconds for key, total in self.increases(name, key_of).items()}

    def buckets(self, name: str, key_of: KeyOf[Key]) -> dict[Key, dict[float, float]]:
        """Give the cumulative buckets, by upper bound, of what the histograms called ``name`` observed."""
        found: defaultdict[Key, dict[float, float]] = defaultdict(dict)
        by_bound = self.increases(f"{name}_bucket", lambda labels: (key_of(labels), float(labels["le"])))
        for (key, bound), count in by_bound.items():
            found[key][bound] = count
        return dict(found)

    def latest(self, name: str, key_of: KeyOf[Key]) -> dict[Key, float]:
        """Give the gauges called ``name`` as they were in the later scrape."""
        return _sums(self.later.values(name), key_of)


def _sums(values: Mapping[Labels, float], key_of: KeyOf[Key]) -> dict[Key, float]:
    found: defaultdict[Key, float] = defaultdict(float)
    for labels, value in values.items():
        found[key_of(dict(labels))] += value
    return dict(found)
