"""What a backend of metrics is to whoever records: our own `Store`, or what stands for a user's meter provider.

Reading is each backend's own: a store yields families, a meter provider has readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from apivitals.catalog import Metric
from apivitals.families import Exemplar

Labels = tuple[str, ...]
_Series_co = TypeVar("_Series_co", covariant=True)


class Adding(Protocol):
    """One label set of a counter, or of a gauge that is told its changes."""

    def add(self, amount: float = 1.0) -> None:
        """Count `amount` more; it is not negative, unless of a gauge."""


class Observing(Protocol):
    """One label set of a histogram."""

    def observe(self, value: float, exemplar: Exemplar | None = None) -> None:
        """Count `value` in its bucket, whose bound is inclusive, and add it to the sum. NaN is not a value."""


class Instrument(Protocol[_Series_co]):
    """A metric with its series, bounded: what is past the limit shares one overflow series."""

    @property
    def metric(self) -> Metric:
        """The declaration."""

    @property
    def dropped(self) -> int:
        """How many times the overflow series was bound."""

    def __len__(self) -> int: ...

    def bind(self, labels: Labels) -> _Series_co:
        """Return the series for these label values: the metric's, then the extra labels'; made at the first call."""

    def holds(self, labels: Labels) -> bool:
        """Whether these label values have a series of their own."""


class Backend(Protocol):
    """Makes instruments. Thread-safe, as they are."""

    def counter(self, metric: Metric, extra_labels: Labels = ()) -> Instrument[Adding]:
        """Make the counter that `metric` declares, with `extra_labels` after its own."""

    def gauge(self, metric: Metric, extra_labels: Labels = ()) -> Instrument[Adding]:
        """Make the gauge that `metric` declares, with `extra_labels` after its own."""

    def histogram(
        self, metric: Metric, extra_labels: Labels = (), bounds: tuple[float, ...] | None = None
    ) -> Instrument[Observing]:
        """Make the histogram that `metric` declares, with other `bounds` if given."""

    def instruments(self) -> Sequence[Instrument[Adding] | Instrument[Observing]]:
        """All instruments, in the order they were made."""
