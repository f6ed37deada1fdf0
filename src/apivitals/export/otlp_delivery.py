"""Pushing by an exporter of OpenTelemetry's, with its failures told in one place, and seldom.

The exporters retry and log by themselves, several lines for each failure. What they log in the middle of a push of ours
is heard here instead, and one warning is made of it. Exporters that are not ours log as they did.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from opentelemetry.instrumentation.utils import suppress_instrumentation

from apivitals.errors import ErrorLog, logger
from apivitals.export.otlp_environment import Target

_LOG_EVERY_SECONDS = 600.0
_EXPORTERS_LOGGERS = (
    "opentelemetry.exporter.otlp.proto.grpc.exporter",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk._shared_internal",  # the batch processor's, whose queue can be full
)


class Outages:
    """Logs for each collector the first failure at once, and later ones every ten minutes at most."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._logged: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def failed(self, target: Target, reason: str) -> None:
        """Take note that something for `target` was lost, or has to wait."""
        collector, now = target.collector, self._clock()
        with self._lock:
            last = self._logged.get(collector)
            if last is not None and now - last < _LOG_EVERY_SECONDS:
                self._unsaid[collector] = self._unsaid.get(collector, 0) + 1
                return
            self._logged[collector] = now
            unsaid = self._unsaid.pop(collector, 0)
        logger.warning(
            "pushing %s to %s by %s failed%s; requests are not affected; said every ten minutes at most: %s",
            target.signal,
            collector,
            target.protocol,
            f" (and {unsaid} times more since this was last said)" if unsaid else "",
            reason,
        )


class Listening(threading.local):
    """Who hears what the exporters log in this thread, if anybody."""

    hear: Callable[[logging.LogRecord], None] | None = None


listening = Listening()


class _Hearing(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if listening.hear is None or record.levelno < logging.WARNING:
            return True
        listening.hear(record)
        return False


_hearing = _Hearing()


def hear_exporters() -> None:
    """Make the exporters' loggers heard; before their own filters, which drop what was said a moment ago."""
    for name in _EXPORTERS_LOGGERS:
        filters = logging.getLogger(name).filters
        if _hearing not in filters:
            filters.insert(0, _hearing)


class Ending(NamedTuple):
    """A last push under way."""

    thread: threading.Thread
    delivery: Delivery


class Delivery:
    """One exporter, used by one thread at a time."""

    def __init__(self, target: Target, exporter: Any, outages: Outages, errors: ErrorLog) -> None:
        self.target = target
        self._exporter = exporter
        self._outages = outages
        self._errors = errors
        self._reason = ""
        self._last = threading.Event()
        self._closed = threading.Lock()

    def push(self, data: Any) -> bool:
        """Push, and say whether it has arrived; it never raises. The exporter's time-out bounds what it takes."""
        self._reason = ""
        listening.hear = self._hear
        try:
            with suppress_instrumentation():
                arrived: bool = self._exporter.export(data).name == "SUCCESS"
        except Exception as error:  # noqa: BLE001  # there is nobody to raise to
            self._errors.caught("otlp", error)
            return False
        finally:
            listening.hear = None
        if not arrived:
            self._outages.failed(self.target, self._reason or "the exporter does not say why")
        return arrived

    def retry_no_more(self) -> None:
        """Let the push under way, or the one to come, be the last try."""
        self._last.set()

    def close(self) -> None:
        """Shut the exporter down; a push under way is given up, as far as its transport can."""
        if self._closed.acquire(blocking=False):
            try:
                self._exporter.shutdown()
            except Exception as error:  # noqa: BLE001  # the service is ending, and shall
                self._errors.caught("otlp", error)

    def give_up(self, seconds: float) -> None:
        """Close in the middle of a last push that has taken `seconds`, and say so."""
        self._outages.failed(self.target, f"the last push was not done within {seconds:g} s, and is given up")
        self.close()

    def _hear(self, record: logging.LogRecord) -> None:
        self._reason = self._reason or record.getMessage()
        if self._last.is_set():
            self.close()  # or it would wait, seconds, before it tries again
