"""Every metric, declared once: instruments, the docs' reference, rules and dashboards take their names from here."""

from __future__ import annotations

from apivitals.catalog import http, internal, runtime, source
from apivitals.catalog.metric import PRIORITIES, Kind, Metric, Priority, label_name

_PAGES = (http, internal, source, runtime)

CATALOG: tuple[Metric, ...] = tuple(
    value for page in _PAGES for value in vars(page).values() if isinstance(value, Metric)
)

__all__ = ["CATALOG", "PRIORITIES", "Kind", "Metric", "Priority", "http", "internal", "label_name", "runtime", "source"]
