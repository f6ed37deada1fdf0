"""Which libraries an application wants to see the calls of.

Most instrumentations replace methods of classes, so clients are seen however old they are. These see only what is made
after they are switched on, which is at `instrument()` or, later, at the library's import: connections of psycopg,
psycopg2, aiopg, pymysql, mysqlclient, mysql and pymssql (of a pool, the later ones), sessions of aiohttp, clients of
pymongo, channels of grpc and pika, sessions of cassandra. Of aiohttp, grpc and the drivers of databases, also the
names that functions and classes were imported by before (``from confluent_kafka import Producer``) stay as they were.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from apivitals.errors import ErrorLog
from apivitals.tracing.instrumentors import INSTRUMENTORS
from apivitals.tracing.pairs import PAIRS, Pair
from apivitals.tracing.stand_in import StandInTracerProvider

AUTO = "auto"


class Libraries:
    """The libraries of one application.

    Args:
        choice: names of libraries; ``auto`` for all that are installed with their instrumentation; None for none.
        provider: what their spans come from.
        errors: what takes an instrumentation's errors.

    Raises:
        ValueError: a name is unknown, or what it stands for is not installed.
    """

    def __init__(self, choice: str | Sequence[str] | None, provider: StandInTracerProvider, errors: ErrorLog) -> None:
        names = (choice,) if isinstance(choice, str) else tuple(choice or ())
        self._provider = provider
        self._errors = errors
        self._pairs = tuple(dict.fromkeys(pair for name in names for pair in _chosen(name)))
        self._is_on = False

    def switch_on(self) -> None:
        """See the calls of these libraries, and the spans of whatever the user has instrumented."""
        if self._is_on:
            return
        self._is_on = True
        self._provider.acquire()
        for pair in self._pairs:
            try:
                INSTRUMENTORS.want(pair, self._provider, self._errors)
            except Exception as error:  # noqa: BLE001  # one costs only itself
                self._errors.caught("tracing", error)

    def switch_off(self) -> None:
        """Leave the libraries as they were, unless another application wants them seen too."""
        if not self._is_on:
            return
        self._is_on = False
        for pair in self._pairs:
            INSTRUMENTORS.unwant(pair, self._errors)
        self._provider.release()


def _chosen(name: str) -> Sequence[Pair]:
    if name == AUTO:
        return [pair for pair in PAIRS if pair.by_default and pair.is_installed()]
    named = [pair for pair in PAIRS if pair.name == name.lower().replace("_", "-")]
    if not named:
        known = sorted({AUTO, *(pair.name for pair in PAIRS)})
        near = difflib.get_close_matches(name.lower(), known, n=1)
        raise ValueError(f"there is no library {name!r}: " + (f"did you mean {near[0]}?" if near else ", ".join(known)))
    if not all(pair.is_installed() for pair in named):
        raise ValueError(
            f"{name} or its OpenTelemetry instrumentation is not installed: pip install 'apivitals[{named[0].name}]'"
        )
    return named
