"""The one place where errors of apivitals itself end: counted, logged once per kind, never the request's problem."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable

logger = logging.getLogger("apivitals")

# Shown from the start with 0: a rate sees the first error only if there was a sample before it.
OPERATIONS = (
    "record",
    "route",
    "request_labels",
    "collect",
    "name_clash",
    "render",
    "token_file",
    "alert_callback",
    "opentelemetry",
    "tracing",
    "operation",
    "otlp",
    "start",
    "workers",
)


class ErrorLog:
    """Counts our own errors by the operation they happened in and logs the first of each kind with its traceback."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter(dict.fromkeys(OPERATIONS, 0))
        self._logged: set[tuple[str, type[BaseException]]] = set()
        self._lock = threading.Lock()
        self._count: Callable[[str], object] | None = None

    def count_with(self, count: Callable[[str], object]) -> None:
        """Have every error counted by `count` too, under the name of its operation."""
        self._count = count

    def caught(self, operation: str, error: BaseException) -> None:
        """Take note of `error`, which the caller has caught and will not raise again."""
        kind = (operation, type(error))
        with self._lock:
            self._counts[operation] += 1
            first = kind not in self._logged
            self._logged.add(kind)
        if self._count is not None:
            self._count(operation)
        if first:
            logger.error(
                "%s failed; the service is not affected, and more of this kind are only counted "
                "(apivitals_internal_errors_total)",
                operation,
                exc_info=error,
            )

    def counts(self) -> dict[str, int]:
        """Errors so far, by operation."""
        with self._lock:
            return dict(self._counts)
