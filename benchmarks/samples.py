"""What the rounds of all variants gave, and the two ways to read from it what a variant adds."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.estimate import Estimate
from benchmarks.variants import PLAIN, VARIANTS

Cell = tuple[str, int]


@dataclass(frozen=True)
class Samples:
    """CPU microseconds per request, by variant and number of routes: for each process one for each round."""

    values: dict[Cell, list[list[float]]]

    def plain(self, routes: int) -> float:
        """Return the median of the plain app's."""
        return median(value for process in self.values[PLAIN, routes] for value in process)

    def added(self, variant: str, routes: int) -> list[float]:
        """Return what the variant added to its base, round by round."""
        pairs = zip(self.values[variant, routes], self._base(variant, routes), strict=True)
        return [own - base for process in pairs for own, base in zip(*process, strict=True)]

    def fastest(self, variant: str, routes: int) -> list[float]:
        """Return what it added, process by process, each by its fastest round.

        Other work on the machine only ever makes a round slower, so the fastest has the least of it.
        """
        pairs = zip(self.values[variant, routes], self._base(variant, routes), strict=True)
        return [min(own) - min(base) for own, base in pairs]

    def _base(self, variant: str, routes: int) -> list[list[float]]:
        return self.values[VARIANTS[variant].base, routes]

    def as_json(self) -> list[dict[str, Any]]:
        """Return all of them, so that others can compute from them."""
        return [
            {"variant": variant, "routes": routes, "processes": processes}
            for (variant, routes), processes in self.values.items()
        ]


How = Callable[[Samples, str, int], Estimate]


def by_rounds(samples: Samples, variant: str, routes: int) -> Estimate:
    """Estimate what a variant adds from all rounds."""
    return Estimate.of(samples.added(variant, routes))


def by_fastest(samples: Samples, variant: str, routes: int) -> Estimate:
    """Estimate what a variant adds from the fastest round of each process."""
    return Estimate.of(samples.fastest(variant, routes))
