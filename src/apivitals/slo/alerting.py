"""How an alert is put together: its labels, its texts, and its links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from apivitals.objectives import Levels, Severity
from apivitals.slo.plan import Plan
from apivitals.slo.rule import Alert
from apivitals.slo.template import label, literal

Tier = Literal["fast", "slow", "threshold", "trend", "monitoring"]
Page = Literal["slo", "traffic", "machine", "runtime", "gpu", "ai", "monitoring"]
"""The pages of `docs/runbooks`."""

_ROUTE_DASHBOARD = "apivitals-route"
_DASHBOARDS: Mapping[Page, str] = {
    "slo": "apivitals-slo",
    "traffic": "apivitals-overview",
    "machine": "apivitals-resources",
    "runtime": "apivitals-runtime",
    "gpu": "apivitals-gpu",
    "ai": "apivitals-ai",
    "monitoring": "apivitals-monitoring",
}
_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "apivitals-overview": ("job", "instance", "priority"),
    _ROUTE_DASHBOARD: ("job", "http_request_method", "http_route"),
    "apivitals-slo": ("job", "priority"),
    "apivitals-ai": ("job",),
}
"""What a dashboard can be opened with; it has the names of labels."""
_OF_A_MACHINE = ("job", "instance")


@dataclass(frozen=True)
class Text:
    """What an alert says: one line, and then the numbers and what to look at first."""

    summary: str
    description: str


@dataclass(frozen=True)
class About:
    """What is the same in all rules of one alert."""

    name: str
    page: Page
    tier: Tier
    shown_by: tuple[str, ...] = ("job",)
    """The labels that its series have, of those which a dashboard can be opened with."""
    of_service: bool = True
    """False of what is about Prometheus or Alertmanager, which have other labels."""


def alert(  # noqa: PLR0913  # one for each part of an alert
    plan: Plan,
    about: About,
    expr: str,
    severity: Severity | Literal["none"],
    text: Text,
    *,
    held: str = "",
    labels: Mapping[str, str] | None = None,
) -> Alert:
    """Put an alert together."""
    of_service = plan.objectives.selector if about.of_service else {}
    given = {**plan.objectives.alert_labels, **of_service}
    stable = {**given, "severity": severity, "tier": about.tier, **(labels or {})}
    return Alert(
        about.name,
        expr,
        {name: literal(value) for name, value in stable.items()},
        {"summary": text.summary, "description": text.description, **_links(plan, about)},
        held,
    )


@dataclass(frozen=True)
class Graded:
    """A threshold with the severity that it raises."""

    severity: Severity
    threshold: Decimal


def graded(levels: Levels) -> Iterator[Graded]:
    """Yield the levels of a threshold that are not off."""
    if levels.warning is not None:
        yield Graded("warning", levels.warning)
    if levels.critical is not None:
        yield Graded("critical", levels.critical)


def _links(plan: Plan, about: About) -> dict[str, str]:
    links = {}
    if plan.objectives.dashboard_base_url:
        dashboard = _dashboard(about)
        variables = "&".join(
            f"var-{name}={{{{ $labels.{name} | urlquery }}}}"
            for name in _VARIABLES.get(dashboard, _OF_A_MACHINE)
            if name in about.shown_by
        )
        page = f"{plan.objectives.dashboard_base_url}/d/{dashboard}"
        links["dashboard_url"] = f"{page}?{variables}" if variables else page
    if plan.objectives.runbook_base_url:
        links["runbook_url"] = f"{plan.objectives.runbook_base_url}/docs/runbooks/{about.page}.md#{about.name.lower()}"
    return links


def _dashboard(about: About) -> str:
    """Return which dashboard shows what the alert is about: of one route, its own."""
    return _ROUTE_DASHBOARD if about.page == "traffic" and "http_route" in about.shown_by else _DASHBOARDS[about.page]


def where(*names: str) -> str:
    """Show labels of the alert, the service's name first: ``shop, 10.0.0.1:8000``."""
    return ", ".join(label(name) for name in names)
