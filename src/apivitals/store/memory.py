"""Where a series' doubles are: runs of cells that never move while they are in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from apivitals.families import Exemplar

Labels = tuple[str, ...]

_CELL_BYTES = 8
_BLOCK_CELLS = 4096


class Declaration(NamedTuple):
    """What the cells of an instrument's series mean, whoever reads them."""

    metric: str
    """As samples are called: `http_server_request_duration_seconds`."""
    kind: str
    label_names: Labels
    bounds: tuple[float, ...]

    @property
    def cells(self) -> int:
        """How many a series has: a histogram's are its buckets and its sum."""
        return len(self.bounds) + 2 if self.kind == "histogram" else 1


class Place(NamedTuple):
    """A series' cells: those of the block from `start` on."""

    block: memoryview[float]
    start: int
    publish: Callable[[int, Exemplar], None] | None = None
    """Shows the exemplar of a bucket to whoever else reads these cells; None if nobody does."""


class Memory(Protocol):
    """Hands out zeroed cells."""

    def place(self, declaration: Declaration, labels: Labels | None) -> Place:
        """Make room for a series; `labels` is None for the one past the limit. Called under the store's lock."""


class Blocks:
    """The process's own memory.

    A run stays where it is, so a series can keep its address; growth adds a block beside the ones there are. Not
    thread-safe: the store allocates under its lock.
    """

    def __init__(self) -> None:
        self._block = memoryview(bytearray()).cast("d")
        self._free = 0

    def place(self, declaration: Declaration, _: Labels | None) -> Place:
        """Hand out zeroed doubles: the block they are in, and the index of the first."""
        cells = declaration.cells
        if cells > self._free:
            size = max(cells, _BLOCK_CELLS)
            self._block = memoryview(bytearray(size * _CELL_BYTES)).cast("d")
            self._free = size
        start = len(self._block) - self._free
        self._free -= cells
        return Place(self._block, start)
