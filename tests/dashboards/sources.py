"""Where each panel's data is from, when its queries are run."""

from enum import Enum

from tests.support.dashboards import Query


class Source(Enum):
    """Which Prometheus is asked."""

    DEMO = "the demo, scraped, with the shipped rules evaluated thirty times faster"
    WRITTEN = "series written for the query: hardware, limits and alerts that the demo has not, and a month of history"


OF_A_DASHBOARD = {
    "overview": Source.DEMO,
    "route": Source.DEMO,
    "slo": Source.DEMO,
    "resources": Source.DEMO,
    "gpu": Source.WRITTEN,
    "runtime": Source.DEMO,
    "ai": Source.DEMO,
    "monitoring": Source.DEMO,
}
OTHERWISE: dict[str, Source] = {}
"""What is not as the dashboard's others, by where it is: a panel, or one query of it."""


def source(query: Query) -> Source:
    """Return where a query's data is from.

    Raises:
        KeyError: of its dashboard it is not said.
    """
    panel = query.where.rpartition(" [")[0]
    return OTHERWISE.get(query.where) or OTHERWISE.get(panel) or OF_A_DASHBOARD[query.where.partition(":")[0]]
