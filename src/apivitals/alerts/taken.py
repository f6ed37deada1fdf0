"""Which alerts the callbacks have taken, so that each reaches each of them once, whichever worker it was sent to.

Two workers that are sent the same alert at the same moment, by two Alertmanagers that do not hear each other, do not
know of each other's call: the callback is called in both.
"""

from __future__ import annotations

from pathlib import Path

from apivitals.alerts.alert import Alert
from apivitals.errors import ErrorLog
from apivitals.workers.directory import WorkersError
from apivitals.workers.keys import SharedKeys

_REMEMBERED = 10_000


class Taken:
    """A set of alerts by callback; of very many the oldest are forgotten."""

    def __init__(self, errors: ErrorLog) -> None:
        self._errors = errors
        self._own: dict[str, None] = {}
        self._shared: SharedKeys | None = None

    def share(self, path: Path) -> None:
        """Keep it in a file too, with the other workers of the service."""
        self._shared = SharedKeys(path)

    def holds(self, callback: int, alert: Alert) -> bool:
        """Whether the callback, by its number, has taken the alert, in any worker."""
        key = _key(callback, alert)
        return key in self._own or (self._shared is not None and key in self._shared)

    def add(self, callback: int, alert: Alert) -> None:
        """Remember that it has."""
        key = _key(callback, alert)
        self._own[key] = None
        if len(self._own) > _REMEMBERED:
            del self._own[next(iter(self._own))]
        if self._shared is not None:
            try:
                self._shared.add(key)
            except (OSError, WorkersError) as error:
                self._errors.caught("workers", error)


def _key(callback: int, alert: Alert) -> str:
    return f"{callback} {alert.fingerprint} {alert.starts_at.isoformat()} {alert.status}"
