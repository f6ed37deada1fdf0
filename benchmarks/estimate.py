"""What repeated measurements say: a median and a spread."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True)
class Estimate:
    """The median of some samples and their quartiles, in the samples' unit."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Estimate":
        """Make the estimate of one or more samples."""
        samples = list(values)
        if len(samples) == 1:
            return cls(samples[0], samples[0], samples[0])
        low, _, high = quantiles(samples, n=4, method="inclusive")
        return cls(median(samples), low, high)

    @property
    def spread(self) -> float:
        """Half the interquartile range."""
        return (self.high - self.low) / 2
