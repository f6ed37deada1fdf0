"""The metrics of operations, AI calls and caches: one place for the whole process, since a worker has no application.

    OPERATIONS.durations["resize", "video", ""].observe(0.012)

A table holds a series for each label set it was asked for. Its values are bounded, label by label, before that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from apivitals import catalog
from apivitals.bounded import BoundedValues
from apivitals.breakdown.components import CACHE, DATABASE, EXTERNAL, GEN_AI, MESSAGING
from apivitals.catalog import Metric
from apivitals.catalog.breakdown import COMPONENT
from apivitals.errors import ErrorLog
from apivitals.families import Family
from apivitals.operations.checks import checked_text
from apivitals.operations.tables import Table
from apivitals.store import Adding, Backend, Counter, Gauge, Histogram, Observing, Store

COMPONENTS = frozenset({DATABASE, CACHE, EXTERNAL, MESSAGING, GEN_AI})
"""The components that libraries' spans have, which are there whatever `track()` is given."""

_VALUE_LIMIT = 100


class _Tables(NamedTuple):
    """A table of each metric, in one backend."""

    durations: Table[Observing]
    items: Table[Adding]
    cache_requests: Table[Adding]
    model_durations: Table[Observing]
    first_chunks: Table[Observing]
    tokens: Table[Observing]


class Operations:
    """Takes what operations, AI calls and caches measure. Thread-safe; a forked child starts at nothing."""

    def __init__(self) -> None:
        self.errors = ErrorLog()
        """Where errors of our own go; `instrument()` puts its own log here, whose counts are on its page."""
        self._names: dict[tuple[str, str | None], tuple[str, str]] = {}
        self._bounded: dict[str, BoundedValues] = {}
        self.store = Store()
        """Where they are recorded, unless through another backend."""
        self._own = self._tables(self.store)
        self._use(self._own)

    def record_through(self, backend: Backend | None) -> None:
        """Record into `backend` from now on, which makes its instruments; None for our own store, as at first."""
        self._use(self._own if backend is None else self._tables(backend))

    def limit_values(self, limit: int) -> None:
        """Let `limit` values of each label through, 100 at first; those that are through stay."""
        for bounded in self._bounded.values():
            bounded.limit = limit

    def collect(self) -> Iterator[Family]:
        """Yield what was recorded in our own store, not through another backend."""
        return self.store.collect()

    def instruments(self) -> tuple[Counter | Gauge | Histogram, ...]:
        """All instruments of our own store, for what a page says of its health."""
        return self.store.instruments()

    def named(self, name: object, component: object) -> tuple[str, str]:
        """Return the name and component as labels have them. A component that is None has the operation's name.

        Raises:
            TypeError: one is no string.
            ValueError: one is empty.
        """
        if isinstance(name, str) and (component is None or isinstance(component, str)):
            known = self._names.get((name, component))
            if known is not None:
                return known
        name = checked_text(name, "the name of an operation", '"resize"')
        if component is not None:
            component = checked_text(component, "a component", '"database" or "video", or leave it out')
        bounded_name = self._bounded[catalog.operation.NAME].admit(name)
        # past the limit a name is no component either, but for those that are there anyway
        fallback = name if name in COMPONENTS else bounded_name
        bounded_component = self._bounded[COMPONENT].admit(component or fallback)
        if (bounded_name, bounded_component) == (name, component or name):
            self._names[name, component] = bounded_name, bounded_component
        return bounded_name, bounded_component

    def _tables(self, backend: Backend) -> _Tables:
        def histogram(metric: Metric) -> Table[Observing]:
            return Table(backend.histogram(metric), self._bounds(metric))

        def counter(metric: Metric) -> Table[Adding]:
            return Table(backend.counter(metric), self._bounds(metric))

        return _Tables(
            durations=histogram(catalog.operation.OPERATION_DURATION),
            items=counter(catalog.operation.OPERATION_ITEMS),
            cache_requests=counter(catalog.operation.CACHE_REQUESTS),
            model_durations=histogram(catalog.gen_ai.OPERATION_DURATION),
            first_chunks=histogram(catalog.gen_ai.TIME_TO_FIRST_CHUNK),
            tokens=histogram(catalog.gen_ai.TOKEN_USAGE),
        )

    def _use(self, tables: _Tables) -> None:
        # One attribute each: the request path looks them up
        self.durations, self.items, self.cache_requests = tables.durations, tables.items, tables.cache_requests
        self.model_durations, self.first_chunks = tables.model_durations, tables.first_chunks
        self.tokens = tables.tokens

    def _bounds(self, metric: Metric) -> tuple[BoundedValues, ...]:
        for attribute in metric.attributes:
            known = COMPONENTS if attribute == COMPONENT else ()
            self._bounded.setdefault(attribute, BoundedValues(_VALUE_LIMIT, known))
        return tuple(self._bounded[attribute] for attribute in metric.attributes)


OPERATIONS = Operations()
"""What `track()`, `record()`, `inference()` and `cache_hit()` record into."""
