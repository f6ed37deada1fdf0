"""A bound on how many values a label can have."""

from __future__ import annotations

from collections.abc import Iterable

OTHER = "_OTHER"
_LONGEST_VALUE = 128


class BoundedValues:
    """Lets the first `limit` distinct values of a label through; later ones become ``_OTHER``.

    One label with too many values would otherwise use up the series limit and push every new label set into overflow.
    Values in `known` pass at any time and do not count.
    """

    def __init__(self, limit: int, known: Iterable[str] = ()) -> None:
        self.limit = limit
        self._known = frozenset(known)
        self._seen: set[str] = set()

    def admit(self, value: str) -> str:
        """Return `value`, shortened to 128 characters, or ``_OTHER``."""
        value = value[:_LONGEST_VALUE]
        if value in self._seen or not value or value in self._known:
            return value
        if len(self._seen) >= self.limit:
            return OTHER
        self._seen.add(value)
        return value
