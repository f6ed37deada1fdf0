"""On which line of the file each key is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from apivitals.objectives.location import Location

_DEEPEST = 20
"""Deeper than any key of ours, and an end for a file that contains itself."""


class Lines:
    """The lines of a YAML text, which is known to be readable; they count from 1."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Location, int] = {}
        self.twice: list[tuple[Location, int]] = []
        """Keys that are there a second time, where a parser silently takes the last."""
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        for location, line in _keys(root, ()):
            if location in self._lines:
                self.twice.append((location, line))
            self._lines[location] = line

    def of(self, location: Location) -> int | None:
        """Return the line of the key, or of the nearest one around it that is in the file."""
        for length in range(len(location), 0, -1):
            line = self._lines.get(location[:length])
            if line is not None:
                return line
        return None


def _keys(node: Any, location: Location) -> Iterator[tuple[Location, int]]:
    if len(location) > _DEEPEST:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*location, str(key.value))
            yield below, key.start_mark.line + 1
            yield from _keys(value, below)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*location, number), value.start_mark.line + 1
            yield from _keys(value, (*location, number))
