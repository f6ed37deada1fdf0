"""How good the service must be: the keys of ``apivitals.yaml`` that rules and alerts are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from apivitals import route_pattern
from apivitals.catalog import PRIORITIES, Priority
from apivitals.objectives.location import Location
from apivitals.objectives.mute_hours import MuteHours
from apivitals.objectives.receivers import Receivers
from apivitals.objectives.response_times import compared_with
from apivitals.objectives.route import CLASS, Route, written_out
from apivitals.objectives.service_class import Classes, ServiceClass
from apivitals.objectives.thresholds import Features, Sla, Thresholds
from apivitals.objectives.values import LabelName, Number, Section, as_given, merged

RESERVED_ALERT_LABELS = frozenset({"alertname", "job", "priority", "severity", "slo", "tier"})
"""Labels that alerts have anyway, and that routing and inhibition go by."""
_RoutePattern = Annotated[str, AfterValidator(route_pattern.checked)]


def _alert_label(value: str) -> str:
    if value in RESERVED_ALERT_LABELS:
        raise ValueError(f"alerts have a label {value} of their own: choose another name")
    return value


def _base_url(value: str) -> str:
    if value and not value.startswith(("https://", "http://")):
        raise ValueError("give a URL that begins with https:// or http://")
    return value.rstrip("/")


AlertLabel = Annotated[LabelName, AfterValidator(_alert_label)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]


class Objectives(Section):
    """What is demanded of the service. `docs/objectives.md` says the same for readers."""

    service_name: str | None = Field(None, description="The setting; names the service in what is generated.")
    priorities: dict[_RoutePattern, Priority] = Field(
        default_factory=dict, description="The setting; its patterns go before those of `routes`."
    )
    default_priority: Priority = Field("medium", description="The setting; the class of every other route.")
    excluded_routes: tuple[_RoutePattern, ...] = Field((), description="The setting; routes that are not measured.")

    selector: dict[LabelName, str] = Field(
        default_factory=dict,
        description="Labels that the service's series have in Prometheus, as `job: shop`; none is every service.",
    )
    classes: Classes = Field(default_factory=Classes, description="What is demanded, by class.")
    routes: dict[_RoutePattern, Route] = Field(
        default_factory=dict,
        description="Classes and own values by route: globs over templates, a method before one if wanted; the first"
        " that fits.",
    )
    slo_window_days: int = Field(
        30, ge=7, le=92, description="Days that an error budget is for; Prometheus must keep its data so long."
    )
    sla: Sla = Field(default_factory=Sla, description="Targets of the whole service.")
    thresholds: Thresholds = Field(default_factory=Thresholds, description="Thresholds of other alerts.")
    scrape_interval_seconds: Number = Field(15.0, description="How often Prometheus scrapes the service, in seconds.")
    features: Features = Field(default_factory=Features, description="Groups of rules that are generated.")
    anomaly_sensitivity: Number = Field(
        3.0, description="Standard deviations from the usual, at the same hour of earlier weeks, that are an anomaly."
    )
    alert_labels: dict[AlertLabel, str] = Field(
        default_factory=dict, description="Labels with one value each, on all alerts, as `team: payments`."
    )
    runbook_base_url: BaseUrl = Field(
        "https://github.com/apivitals/apivitals/blob/main",
        description="What links to runbooks begin with; `docs/runbooks/...` follows. Empty for no links.",
    )
    dashboard_base_url: BaseUrl = Field(
        "", description="Grafana's address, for links to dashboards; empty for no links."
    )
    receivers: Receivers = Field(
        default_factory=Receivers, description="Who is told of alerts; secrets stay in files of their own."
    )
    mute_hours: tuple[MuteHours, ...] = Field((), description="Hours of the week in which only some alerts tell.")

    @field_validator("routes", mode="before")
    @classmethod
    def _over_their_classes(cls, given: Any, info: ValidationInfo) -> Any:
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            return given
        classes = info.data.get("classes", Classes())
        default = info.data.get("default_priority", "medium")
        return {pattern: _over_its_class(written_out(value, default), classes) for pattern, value in given.items()}

    @field_validator("selector", "priorities", "excluded_routes", "alert_labels", "mute_hours", mode="before")
    @classmethod
    def _all_comments(cls, given: Any, info: ValidationInfo) -> Any:
        if given is None:
            return cls.model_fields[str(info.field_name)].get_default(call_default_factory=True)
        return given

    def route_of(self, method: str, route: str) -> str | None:
        """Return the first pattern of `routes` that fits, or None. `route` is a template; it may be empty."""
        return next((pattern for pattern in self.routes if route and route_pattern.fits(pattern, method, route)), None)

    def class_of(self, method: str, route: str) -> Priority:
        """Return a route's class as the running service labels it, unless a decorator in its code says otherwise."""
        for pattern, priority in self.route_priorities().items():
            if route and route_pattern.fits(pattern, method, route):
                return priority
        return self.default_priority

    def route_priorities(self) -> dict[str, Priority]:
        """Return the class of each pattern, in the order in which they are asked: `priorities`, then `routes`."""
        by_route = {pattern: route.priority for pattern, route in self.routes.items()}
        return {**self.priorities, **{key: value for key, value in by_route.items() if key not in self.priorities}}

    def own_values(self, pattern: str) -> set[str]:
        """Return the names of the values in which a route differs from its class."""
        route = self.routes[pattern]
        of_class = self.classes.of(route.priority)
        return {name for name in ServiceClass.model_fields if getattr(route, name) != getattr(of_class, name)}

    def response_times(self) -> Iterator[tuple[Location, float]]:
        """Yield the place and the seconds of everything that response times are compared with."""
        return compared_with(self.classes, self.routes, self.sla)

    def thresholds_seconds(self) -> tuple[float, ...]:
        """Return every response time that a rating, a latency objective or the SLA compares with, in order."""
        return tuple(sorted({seconds for _, seconds in self.response_times()}))


def _over_its_class(value: Any, classes: Classes) -> Any:
    if not isinstance(value, dict):
        return value
    wanted = value[CLASS]
    priority: Priority = wanted if wanted in PRIORITIES else "medium"  # what is wrong is said by the field itself
    return merged(as_given(classes.of(priority)), value)
