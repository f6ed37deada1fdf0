"""A metric's series by the label values that users give, in whatever backend they are."""

from __future__ import annotations

from typing import TypeVar

from apivitals.bounded import BoundedValues
from apivitals.store import Instrument

Labels = tuple[str, ...]
_Series = TypeVar("_Series")


class Table(dict[Labels, _Series]):
    """A metric's series by the label values that users give.

    A hit is one look-up in C. What is cut, or past a limit, can be had without end, so it is found anew each time.
    """

    def __init__(self, instrument: Instrument[_Series], bounded: tuple[BoundedValues, ...]) -> None:
        super().__init__()
        self._instrument = instrument
        self._bounded = bounded

    def __missing__(self, labels: Labels) -> _Series:
        admitted = tuple(bounded.admit(value) for bounded, value in zip(self._bounded, labels, strict=True))
        series = self._instrument.bind(admitted)
        if admitted == labels and self._instrument.holds(admitted):
            self[labels] = series
        return series
