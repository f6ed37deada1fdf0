"""What changed between two looks at the alerts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from apivitals.alerts.standing import Standing, State


@dataclass(frozen=True)
class Change:
    """How an alert stands now; ``resolved`` if it is over."""

    to: State | Literal["resolved"]
    standing: Standing


def changes(before: Iterable[Standing], after: Iterable[Standing]) -> Iterator[Change]:
    """Yield what began or stands otherwise, and then what is over."""
    known = {one.alert.fingerprint: one for one in before}
    for one in after:
        earlier = known.pop(one.alert.fingerprint, None)
        if earlier is None or (earlier.state, earlier.alert.starts_at) != (one.state, one.alert.starts_at):
            yield Change(one.state, one)
    for gone in known.values():
        yield Change("resolved", gone)
