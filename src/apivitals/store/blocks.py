"""Flat memory for doubles, handed out in runs that never move."""

from __future__ import annotations

_CELL_BYTES = 8
_BLOCK_CELLS = 4096


class Blocks:
    """Allocates runs of zeroed doubles.

    A run stays where it is for the life of the process, so a series can keep its address; growth adds a block beside
    the ones there are. Not thread-safe: the store allocates under its lock.
    """

    def __init__(self) -> None:
        self._blocks: list[memoryview[float]] = []
        self._free = 0

    def allocate(self, cells: int) -> tuple[memoryview[float], int]:
        """Hand out `cells` doubles: the block they are in, and the index of the first."""
        if cells > self._free:
            size = max(cells, _BLOCK_CELLS)
            self._blocks.append(memoryview(bytearray(size * _CELL_BYTES)).cast("d"))
            self._free = size
        block = self._blocks[-1]
        start = len(block) - self._free
        self._free -= cells
        return block, start
