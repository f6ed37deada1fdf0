"""Every metric, declared once: instruments, the docs' reference, rules and dashboards take their names from here."""

from __future__ import annotations

from apivitals.catalog import (
    breakdown,
    container,
    gen_ai,
    gpu,
    host,
    http,
    internal,
    operation,
    process,
    runtime,
    source,
    worker,
)
from apivitals.catalog.metric import PRIORITIES, Kind, Metric, Priority, label_name

_PAGES = (http, breakdown, operation, gen_ai, runtime, process, container, host, gpu, source, worker, internal)

CATALOG: tuple[Metric, ...] = tuple(
    value for page in _PAGES for value in vars(page).values() if isinstance(value, Metric)
)

__all__ = [
    "CATALOG",
    "PRIORITIES",
    "Kind",
    "Metric",
    "Priority",
    "breakdown",
    "container",
    "gen_ai",
    "gpu",
    "host",
    "http",
    "internal",
    "label_name",
    "operation",
    "process",
    "runtime",
    "source",
    "worker",
]
