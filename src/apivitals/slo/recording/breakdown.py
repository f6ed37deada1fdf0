"""Where the response time went: seconds of each component, per second, per request and as a share."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.catalog import breakdown
from apivitals.slo.promql import Select, bucket, total
from apivitals.slo.rule import Recording
from apivitals.slo.series import CLASS, COMPONENT, OF_ROUTE, QUEUE_TIME, REQUEST_LEVELS


def breakdown_rules(select: Select) -> Iterator[Recording]:
    """Yield the rules of the breakdown and of the queue time before it."""
    for level in REQUEST_LEVELS:
        raw = f"rate({select(total(breakdown.COMPONENT_DURATION), over='5m')})"
        source = raw if level is OF_ROUTE else select(OF_ROUTE.component_seconds)
        yield Recording(level.component_seconds, f"sum by ({level.by}, {COMPONENT}) ({source})")
        seconds = select(level.component_seconds)
        yield Recording(
            level.component_mean, f"{seconds}\n/ on ({level.by}) group_left()\n({select(level.requests)} > 0)"
        )
        yield Recording(
            level.component_share, f"{seconds}\n/ on ({level.by}) group_left()\n(sum by ({level.by}) ({seconds}) > 0)"
        )
    queued = f"sum by ({CLASS.by}, le) (rate({select(bucket(breakdown.QUEUE_DURATION), over='5m')}))"
    yield Recording(QUEUE_TIME, f"histogram_quantile(0.95, {queued}) >= 0")
