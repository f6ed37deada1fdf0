"""Requests, errors and durations of each priority, which is what objectives and alerts are about."""

from __future__ import annotations

from apivitals.dashboards import colours
from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.dashboards.selection import of_class, of_job
from apivitals.slo import series
from apivitals.slo.series import PRIORITY

_C = series.CLASS

BY_PRIORITY = Row(
    "Requests by priority",
    (
        Lines(
            title="Throughput",
            description="Completed requests per second. Steps at the same time in all classes come from in front of the"
            " service; in one class, from its callers.",
            unit="reqps",
            queries=(Query(f"sum by ({PRIORITY}) ({of_class(_C.requests)})", "{{priority}}"),),
            stacked=True,
            colours=colours.PRIORITIES,
            least=0,
        ),
        Lines(
            title="Errors",
            description="Failed requests as a share of their class. The dashed lines are the error rates that raise an"
            " alert: above one, look at the routes below.",
            unit="percentunit",
            queries=(
                Query(
                    f"sum by ({PRIORITY}) ({of_class(_C.errors)})\n/\n"
                    f"(sum by ({PRIORITY}) ({of_class(_C.requests)}) > 0)",
                    "{{priority}}",
                ),
                Query(
                    "min by (severity) (" + of_class(series.CLASS_THRESHOLD, 'threshold="error_rate"') + ")",
                    "{{severity}} threshold",
                ),
            ),
            colours=colours.PRIORITIES,
            least=0,
        ),
        Lines(
            title="Response time, p95",
            description="95 % of the requests of a class took less. What a class may take is on the SLO page; a rise in"
            " one class only is a route's own, one in all is shared: database, event loop, CPU.",
            unit="s",
            queries=(
                Query(
                    f"histogram_quantile(0.95, sum by ({PRIORITY}, le) ({of_class(_C.response_buckets)})) >= 0",
                    "{{priority}}",
                ),
            ),
            colours=colours.PRIORITIES,
            least=0,
        ),
        Lines(
            title="Latency and response time, p95",
            description="Latency ends with the first byte, the response time with the last. What lies between is"
            " streaming, large bodies or slow clients.",
            unit="s",
            queries=(
                Query(f"histogram_quantile(0.95, sum by (le) ({of_class(_C.response_buckets)})) >= 0", "response time"),
                Query(f"histogram_quantile(0.95, sum by (le) ({of_class(_C.latency_buckets)})) >= 0", "latency"),
            ),
            colours={"response time": "blue", "latency": "green"},
            least=0,
        ),
        Lines(
            title="In flight",
            description="Requests that have begun and not ended. If it climbs while the throughput does not, requests"
            " wait for something: look at where the time goes.",
            unit="none",
            queries=(Query(f"sum by ({PRIORITY}) ({of_class(series.IN_FLIGHT)})", "{{priority}}"),),
            stacked=True,
            colours=colours.PRIORITIES,
            least=0,
        ),
        Lines(
            title="Health and its parts",
            description="Each part goes from 0 to 1, and the score is their product. The lowest line is the one to"
            " follow: errors, speed (Apdex), or headroom of the machine.",
            unit="percentunit",
            queries=(
                Query(f"min by (part) ({of_job(series.HEALTH_PART)})", "{{part}}"),
                Query(f"min({of_job(series.HEALTH)}) / 100", "health"),
            ),
            colours={"errors": "red", "speed": "blue", "headroom": "purple", "health": "green"},
            least=0,
            most=1,
        ),
    ),
)
