"""Queries of a dashboard: series of the services, instances and routes that its variables name."""

from __future__ import annotations

from apivitals.catalog import Metric
from apivitals.slo.promql import Select
from apivitals.slo.series import INSTANCE_LABEL, JOB_LABEL, METHOD, PRIORITY, ROUTE, THRESHOLD

WINDOW = "$__rate_interval"
_SELECT = Select({})

JOB_MATCHER = f'{JOB_LABEL}=~"${JOB_LABEL}"'
INSTANCE_MATCHER = f'{INSTANCE_LABEL}=~"${INSTANCE_LABEL}"'
PRIORITY_MATCHER = f'{PRIORITY}=~"${PRIORITY}"'
METHOD_MATCHER = f'{METHOD}=~"${METHOD}"'
ROUTE_MATCHER = f'{ROUTE}="${ROUTE}"'
"""One route: its page is about one."""


def of_job(series: Metric | str, *matchers: str, over: str = "", before: str = "") -> str:
    """Select a series of the chosen services."""
    return _SELECT(series, JOB_MATCHER, *matchers, over=over, before=before)


def of_class(series: Metric | str, *matchers: str, over: str = "", before: str = "") -> str:
    """Select a series of the chosen services and priorities."""
    return of_job(series, PRIORITY_MATCHER, *matchers, over=over, before=before)


def of_route(series: Metric | str, *matchers: str, over: str = "", before: str = "") -> str:
    """Select a series of the chosen route."""
    return of_job(series, METHOD_MATCHER, ROUTE_MATCHER, *matchers, over=over, before=before)


def of_instance(series: Metric | str, *matchers: str, over: str = "", before: str = "") -> str:
    """Select a series of the chosen instances."""
    return of_job(series, INSTANCE_MATCHER, *matchers, over=over, before=before)


def rate(selected: str) -> str:
    """Give the increase per second of a counter, over a window that fits the resolution of the picture."""
    return f"rate({selected}[{WINDOW}])"


def threshold(name: str) -> str:
    """Give the lines of a threshold of the file, by `severity`."""
    matcher = f'threshold="{name}"'
    return f"max by (severity) ({of_job(THRESHOLD, matcher)})"
