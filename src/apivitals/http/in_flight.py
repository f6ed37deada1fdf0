"""Requests in flight by route, found out when somebody asks instead of counted on the request path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import TYPE_CHECKING

from apivitals import catalog
from apivitals.families import Family, Number
from apivitals.http.exchange import Exchange
from apivitals.http.priority import priority_of
from apivitals.route_pattern import fits

if TYPE_CHECKING:
    from apivitals.settings import Settings

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"})
KNOWN_SCHEMES = frozenset({"http", "https"})
OTHER = "_OTHER"

Key = tuple[str, str, str, str]


def known_method(method: str) -> str:
    """Return a method of the HTTP specifications, or ``_OTHER`` for an invented one."""
    return method if method in KNOWN_METHODS else OTHER


def known_scheme(scheme: str) -> str:
    """Return ``http`` or ``https``, or ``_OTHER`` for what a proxy's header made up."""
    return scheme if scheme in KNOWN_SCHEMES else OTHER


class InFlight:
    """The exchanges that have begun and not ended. Adding and discarding is all that a request pays for."""

    def __init__(self, settings: Settings, label_names: tuple[str, ...], labels: tuple[str, ...]) -> None:
        self._settings = settings
        self._label_names = label_names
        self._labels = labels
        self._seen: dict[Key, None] = {}
        self.exchanges: set[Exchange] = set()

    def note(self, method: str, scheme: str, route: str, priority: str) -> None:
        """Show this route from now on, with 0 while it is idle."""
        if len(self._seen) < self._settings.series_limit:
            self._seen.setdefault((method, scheme, route, priority))

    def collect(self) -> Iterator[Family]:
        """Yield the number of requests in flight and the age of the oldest in seconds."""
        counts = dict.fromkeys(self._seen, 0.0)
        ages = dict.fromkeys(self._seen, 0.0)
        now = perf_counter()
        for key, age in self._running(list(self.exchanges), now):
            counts[key] = counts.get(key, 0.0) + 1.0
            ages[key] = max(ages.get(key, 0.0), age)
        for metric, values in ((catalog.http.ACTIVE_REQUESTS, counts), (catalog.http.OLDEST_ACTIVE_REQUEST, ages)):
            points = [Number(key + self._labels, value) for key, value in values.items()]
            if points:
                yield Family(metric, metric.label_names + self._label_names, points)

    def _running(self, exchanges: Iterable[Exchange], now: float) -> Iterator[tuple[Key, float]]:
        settings = self._settings
        for exchange in exchanges:
            route = exchange.route
            method = known_method(exchange.scope["method"])
            if any(fits(pattern, method, route) for pattern in settings.excluded_routes):
                continue
            priority = priority_of(method, route, exchange.endpoint, settings.priorities, settings.default_priority)
            yield (method, known_scheme(exchange.scope.get("scheme", "http")), route, priority), now - exchange.started
