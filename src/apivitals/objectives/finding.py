"""What a check of the file found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from apivitals.objectives.location import Location, key_path


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or may be, at one place of the file."""

    kind: Literal["error", "warning"]
    location: Location
    """The keys that lead there; none for the file as a whole."""
    message: str
    """What is wrong, and what would be right."""

    value: str = ""
    """What is there."""

    def at(self, file: str, line: int | None) -> str:
        """Say it in a line, in the form that editors and CI find places by."""
        place = file if line is None else f"{file}:{line}"
        given = key_path(self.location) + (f" = {self.value}" if self.value else "")
        return f"{place}: {self.kind}: {given}{': ' if given else ''}{self.message}"


def error(location: Location, message: str, value: str = "") -> Finding:
    """Make a finding that must be put right."""
    return Finding("error", location, message, value)


def warning(location: Location, message: str) -> Finding:
    """Make a finding that may be meant so."""
    return Finding("warning", location, message)
