"""Queue time: what a request waited between the proxy that stamped it and the application.

Proxies write when they took the request: nginx ``X-Request-Start: t=${msec}`` in seconds, Heroku's router in
milliseconds, Apache's ``%t`` in microseconds, Render in nanoseconds. Which of them it is shows in the magnitude.
"""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from time import time
from typing import TYPE_CHECKING, Any

from apivitals import catalog
from apivitals.store import Backend

if TYPE_CHECKING:
    from apivitals.http.exchange import Exchange

HEADERS = (b"x-request-start", b"x-queue-start")
OLDEST_SECONDS = 300.0
"""No proxy keeps a request longer; a stamp that is older was written by a clock that is wrong, or by the client."""
MALFORMED, FUTURE, TOO_OLD = "malformed", "future", "too_old"

_STAMP = re.compile(rb"\s*(?:t=)?(\d{1,20}(?:\.\d{1,9})?)\s*")
_ROUNDING_SECONDS = 0.001  # a stamp in milliseconds may be rounded up to a moment that is still to come
# Unix time in seconds has ten digits until the year 2286, and three more for each smaller unit.
_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (float("inf"), 1e9))

Scope = MutableMapping[str, Any]


def stamped_at(value: bytes) -> float | None:
    """Return the Unix time, in seconds, that a header's value says; None if it says none."""
    match = _STAMP.fullmatch(value)
    if match is None:
        return None
    number = float(match[1])
    return next(number / per_second for limit, per_second in _UNITS if number < limit)


def waited(value: bytes, now: float) -> float | str:
    """Return the seconds from the stamp to `now`, Unix time, or why it cannot be believed."""
    at = stamped_at(value)
    if at is None:
        return MALFORMED
    seconds = now - at
    if seconds < -_ROUNDING_SECONDS:
        return FUTURE
    return TOO_OLD if seconds > OLDEST_SECONDS else max(seconds, 0.0)


class QueueMeter:
    """Reads the header of a proxy that is trusted to set it, and records the queue time by route."""

    def __init__(self, backend: Backend, extra_labels: tuple[str, ...], clock: Callable[[], float] = time) -> None:
        self._duration = backend.histogram(catalog.breakdown.QUEUE_DURATION, extra_labels)
        rejected = backend.counter(catalog.breakdown.QUEUE_REJECTED)
        self._rejected = {reason: rejected.bind((reason,)) for reason in (MALFORMED, FUTURE, TOO_OLD)}
        self._clock = clock

    def read(self, scope: Scope) -> float | None:
        """Return the queue time of a request that has just come in, in seconds; None without a stamp to believe."""
        stamps = {name: value for name, value in reversed(scope.get("headers", ())) if name in HEADERS}
        for name in HEADERS:
            if name in stamps:
                found = waited(stamps[name], self._clock())
                if isinstance(found, float):
                    return found
                self._rejected[found].add()
                return None
        return None

    def recorder(self, labels: tuple[str, ...]) -> Callable[[Exchange], None]:
        """Make what records the queue time of one route's requests."""
        series = self._duration.bind(labels)

        def record(exchange: Exchange) -> None:
            if exchange.queue_seconds is not None:
                series.observe(exchange.queue_seconds)

        return record
