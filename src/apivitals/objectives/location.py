"""A place in the file."""

from __future__ import annotations

Location = tuple[int | str, ...]
"""The keys of the file, and indices in its lists, that lead to a value."""


def key_path(location: Location) -> str:
    """Write a place as its keys: ``routes['POST /pay'].latency[0].percent``."""
    path = ""
    for part in location:
        if isinstance(part, str) and part.isidentifier():
            path += f".{part}" if path else part
        else:
            path += f"[{part!r}]"
    return path
