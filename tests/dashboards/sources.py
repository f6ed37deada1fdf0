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
OTHERWISE: dict[str, Source] = {
    # The demo has no past, and no objectives but the defaults.
    "overview: Throughput, and a week ago": Source.WRITTEN,
    "overview: Response time, p95, and a week ago": Source.WRITTEN,
    "overview: Errors, and a week ago": Source.WRITTEN,
    "route: Throughput, and a week ago": Source.WRITTEN,
    "route: Response time, p95, and a week ago": Source.WRITTEN,
    "route: Errors, and a week ago": Source.WRITTEN,
    "slo: Objectives of routes": Source.WRITTEN,
    "resources: Memory, of the limit": Source.WRITTEN,
    "resources: Space used": Source.WRITTEN,
    # Not every machine has limits, quotas, swap, or a network with faults.
    "resources: Throttled": Source.WRITTEN,
    "resources: CPUs of the service itself": Source.WRITTEN,
    "resources: Memory of the service itself": Source.WRITTEN,
    "resources: Swap of the host": Source.WRITTEN,
    "resources: Waiting": Source.WRITTEN,
    "resources: Killed for memory": Source.WRITTEN,
    "resources: Time in which some task waited": Source.WRITTEN,
    "resources: Time in which all tasks waited": Source.WRITTEN,
    "resources: What limits led to, per minute": Source.WRITTEN,
    "resources: Bytes read and written": Source.WRITTEN,
    "resources: Reads and writes": Source.WRITTEN,
    "resources: Bytes received and transmitted": Source.WRITTEN,
    "resources: Packets": Source.WRITTEN,
    "resources: Throttled periods": Source.WRITTEN,
    "resources: CPUs used, and the quota": Source.WRITTEN,
    "resources: Seconds throttled, per second": Source.WRITTEN,
    "resources: Working set, and the limit": Source.WRITTEN,
    "resources: Processes and threads, of the limit": Source.WRITTEN,
    "resources: Packets with errors, and dropped": Source.WRITTEN,
    # The demo has one worker and no proxy before it, its cache has no threshold, and nothing of ours goes wrong.
    "resources: Processes of an instance": Source.WRITTEN,
    "runtime: Queue time, p95": Source.WRITTEN,
    "runtime: Workers": Source.WRITTEN,
    "runtime: Age of what workers tell": Source.WRITTEN,
    "ai: Hits": Source.WRITTEN,
    "ai: Failures by error": Source.WRITTEN,
    "ai: Failures of operations, by error": Source.WRITTEN,
    "monitoring: Observations without labels": Source.WRITTEN,
    "monitoring: Errors of apivitals": Source.WRITTEN,
    "monitoring: Last errors of sources": Source.WRITTEN,
    "monitoring: GPU driver errors": Source.WRITTEN,
    "monitoring: Queue time stamps that were not believed": Source.WRITTEN,
    "monitoring: Evaluations that failed or were left out": Source.WRITTEN,
    # It has no receivers, and notifies nobody.
    "monitoring: Notifications": Source.WRITTEN,
    "monitoring: Notifications that did not arrive": Source.WRITTEN,
    "monitoring: How long a notification takes": Source.WRITTEN,
    # Alerts fire when they have to, not when a test looks.
    **{f"{name}: Alerts": Source.WRITTEN for name in ("overview", "resources", "runtime", "ai", "monitoring")},
    "overview: Alerts that fire": Source.WRITTEN,
    "monitoring: Alerts by severity": Source.WRITTEN,
    "monitoring: Alerts by state": Source.WRITTEN,
    "monitoring: How often each alert fired": Source.WRITTEN,
    **{
        f"{name}: annotation Alerts: {how}": Source.WRITTEN
        for name in OF_A_DASHBOARD
        for how in ("critical", "warning")
    },
}
"""What is not as the dashboard's others, by where it is: a panel, or one query of it."""


def source(query: Query) -> Source:
    """Return where a query's data is from.

    Raises:
        KeyError: of its dashboard it is not said.
    """
    panel = query.where.rpartition(" [")[0]
    return OTHERWISE.get(query.where) or OTHERWISE.get(panel) or OF_A_DASHBOARD[query.where.partition(":")[0]]
