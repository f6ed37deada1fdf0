"""The breakdown of one route, as the metrics page shows it."""

import pytest

from tests.support.exposition import Samples
from tests.support.vitals import SECONDS

COMPONENT_SECONDS = "apivitals_http_server_component_duration_seconds_sum"
COMPONENT_CALLS = "apivitals_http_server_component_calls_sum"


def seconds_by_component(page: Samples, route: str) -> dict[str, float]:
    """Return the seconds of each component of a route; they must add up to its response time."""
    found = {sample.labels["component"]: sample.value for sample in page.series(COMPONENT_SECONDS, http_route=route)}
    assert sum(found.values()) == pytest.approx(page.value(SECONDS, http_route=route), abs=1e-9)
    return found


def calls_by_component(page: Samples, route: str) -> dict[str, int]:
    """Return the calls of each component of a route that has any."""
    return {
        sample.labels["component"]: round(sample.value) for sample in page.series(COMPONENT_CALLS, http_route=route)
    }
