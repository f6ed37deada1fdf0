"""WebSocket sessions, and the workers that share what they count."""

from __future__ import annotations

from apivitals.catalog import http, label_name, process, worker
from apivitals.dashboards import colours
from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.dashboards.selection import INSTANCE_MATCHER, of_class, of_instance, rate
from apivitals.slo.promql import bucket, count
from apivitals.slo.series import INSTANCE_LABEL, ROUTE

_DIRECTION, _CODE = label_name(http.DIRECTION), label_name(http.CLOSE_CODE)
_NONE = "The service has no WebSocket sessions."


def _ended(quantile: str) -> str:
    buckets = rate(of_class(bucket(http.WEBSOCKET_DURATION), INSTANCE_MATCHER))
    return f"histogram_quantile({quantile}, sum by (le) ({buckets})) >= 0"


SESSIONS = Row(
    "WebSockets and workers",
    (
        Lines(
            title="WebSocket sessions that are open",
            description="By route. They hold a socket and memory each, and end all at once when a worker is restarted:"
            " a cliff is a deployment or a proxy's time limit.",
            unit="none",
            queries=(
                Query(
                    f"sum by ({ROUTE}) ({of_class(http.WEBSOCKET_SESSIONS, INSTANCE_MATCHER)})",
                    f"{{{{{ROUTE}}}}}",
                ),
            ),
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="WebSocket messages",
            description="Messages per second, received from clients and transmitted to them. Many more out than in is"
            " a broadcast: what it costs grows with the sessions.",
            unit="mps",
            queries=(
                Query(
                    f"sum by ({_DIRECTION}) ({rate(of_class(http.WEBSOCKET_MESSAGES, INSTANCE_MATCHER))})",
                    f"{{{{{_DIRECTION}}}}}",
                ),
            ),
            colours=colours.DIRECTIONS,
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="How long sessions lasted",
            description="Of those that ended. A median that stands at a round number, such as 60 s, is a time limit of"
            " a proxy: let it wait longer, or send something now and then.",
            unit="s",
            queries=(Query(_ended("0.5"), "p50"), Query(_ended("0.95"), "p95")),
            colours={"p50": "green", "p95": "orange"},
            least=0,
            when_empty="No session has ended.",
        ),
        Lines(
            title="Sessions that ended, by close code",
            description="Per minute. 1000 and 1001 are as they should be; 1006 is a connection that broke, 1011 an"
            " error of the service: look at its log.",
            unit="none",
            queries=(
                Query(
                    f"60 * sum by ({_CODE}) ({rate(of_class(count(http.WEBSOCKET_DURATION), INSTANCE_MATCHER))})",
                    f"{{{{{_CODE}}}}}",
                ),
            ),
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Workers",
            description="Workers of each instance that live, or 1 without several, and how many ended per minute. Ends"
            " while nobody deploys are crashes: their exit code is in the log of the server.",
            unit="none",
            queries=(
                Query(f"count by ({INSTANCE_LABEL}) ({of_instance(process.START_TIME)})", "{{instance}}"),
                Query(
                    f"60 * sum by ({INSTANCE_LABEL}) ({rate(of_instance(worker.ENDED))})",
                    "{{instance}}, ended per minute",
                ),
            ),
            least=0,
        ),
        Lines(
            title="Age of what workers tell",
            description="What a worker has to find out itself is left for the others every second or so. One that is"
            " minutes old is of a process that stands still: stopped, or held by code that never lets the interpreter"
            " go.",
            unit="s",
            queries=(
                Query(
                    f"max by ({INSTANCE_LABEL}, {worker.WORKER}) ({of_instance(worker.SNAPSHOT_AGE)})",
                    f"{{{{{INSTANCE_LABEL}}}}} {{{{{worker.WORKER}}}}}",
                ),
            ),
            least=0,
            when_empty="There is one worker, which tells of itself.",
        ),
    ),
)
