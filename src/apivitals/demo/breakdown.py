"""Where the response time of each route went between two scrapes, by component."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from apivitals.demo.between import Between
from apivitals.demo.route import Route, route_of

COMPONENT_TIME = "apivitals_http_server_component_duration_seconds"
COMPONENT_CALLS = "apivitals_http_server_component_calls"
REQUESTS = "http_server_request_duration_seconds_count"


@dataclass(frozen=True)
class Breakdown:
    """What each component had of a route's requests, all of them together."""

    requests: float
    seconds: Mapping[str, float]
    """By component; only those that had any. They add up to the response time of all the requests."""
    calls: Mapping[str, float] = field(default_factory=dict)
    """By component; only those that are called."""

    @property
    def total_seconds(self) -> float:
        """The response time of all the requests."""
        return sum(self.seconds.values())

    @property
    def mean_seconds(self) -> float:
        """The mean response time."""
        return self.total_seconds / self.requests

    def share(self, component: str) -> float:
        """Say what part of the response time was the component's, from 0 to 1."""
        return self.seconds.get(component, 0.0) / self.total_seconds

    def calls_per_request(self, component: str) -> float:
        """Say how many calls to the component a request made on average."""
        return self.calls.get(component, 0.0) / self.requests

    def largest(self) -> list[str]:
        """Name the components, the one with the most time first."""
        return sorted(self.seconds, key=lambda component: -self.seconds[component])


def read_breakdowns(between: Between) -> dict[Route, Breakdown]:
    """Read the breakdown of every route that had requests in between and time to divide."""
    requests = between.increases(REQUESTS, route_of)
    seconds = _by_component(between, f"{COMPONENT_TIME}_sum")
    calls = _by_component(between, f"{COMPONENT_CALLS}_sum")
    return {
        route: Breakdown(requests[route], by_component, calls.get(route, {}))
        for route, by_component in seconds.items()
        if requests.get(route)
    }


def _by_component(between: Between, name: str) -> dict[Route, dict[str, float]]:
    found: defaultdict[Route, dict[str, float]] = defaultdict(dict)
    increases = between.increases(name, lambda labels: (route_of(labels), labels.get("component", "")))
    for (route, component), value in increases.items():
        if value:
            found[route][component] = value
    return dict(found)
