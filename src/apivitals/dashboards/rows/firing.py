"""How many alerts fire on what a dashboard is about."""

from __future__ import annotations

from apivitals.dashboards import colours
from apivitals.dashboards.panel import Number, Query
from apivitals.dashboards.selection import of_job


def firing(about: str, alerts: tuple[str, ...], *, of_service: bool = True, width: int = 3) -> Number:
    """Count these alerts, which are on `about`; Prometheus' own alerts are not those of a service."""
    matchers = 'alertstate="firing"', f'alertname=~"{"|".join(alerts)}"'
    selected = of_job("ALERTS", *matchers) if of_service else f"ALERTS{{{','.join(matchers)}}}"
    return Number(
        title="Alerts",
        description=f"Alerts on {about} that fire now, by severity. Each has a runbook, which says what to do; the"
        " Overview has their names.",
        unit="none",
        queries=(Query(f"count by (severity) ({selected})", "{{severity}}"),),
        colours=colours.SEVERITIES,
        steps=colours.ANY,
        when_empty="none",
        width=width,
    )
