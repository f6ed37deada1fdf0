"""Where the time goes: the response time divided among components, in seconds and as shares."""

from __future__ import annotations

from apivitals.dashboards import colours
from apivitals.dashboards.panel import Lines, Query
from apivitals.slo.series import COMPONENT


def component_panels(seconds: str, requests: str) -> tuple[Lines, Lines]:
    """Return the two panels, for seconds of components per second and for requests per second, as summed-up vectors."""
    of_each = f"sum by ({COMPONENT}) ({seconds})"
    return (
        Lines(
            title="Seconds per request, by component",
            description="The mean response time, divided: the bands add up to it. The thickest is where time can be"
            " won; the one that grows with the response time is the cause.",
            unit="s",
            queries=(Query(f"{of_each}\n/ on () group_left ()\n(sum({requests}) > 0)", "{{component}}"),),
            stacked=True,
            colours=colours.COMPONENTS,
            least=0,
            width=12,
        ),
        Lines(
            title="Shares, by component",
            description="The same as shares of all response time. Waiting (database, external, threadpool_wait) that"
            " takes the most is won back by fewer or concurrent calls; endpoint is your own code.",
            unit="percentunit",
            queries=(Query(f"{of_each}\n/ on () group_left ()\n(sum({seconds}) > 0)", "{{component}}"),),
            shares=True,
            colours=colours.COMPONENTS,
            least=0,
            width=12,
        ),
    )
