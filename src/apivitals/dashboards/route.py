"""Route: all about one route, from how often it is called to which part of it takes the time."""

from __future__ import annotations

from apivitals.catalog import breakdown, http, label_name
from apivitals.dashboards import colours
from apivitals.dashboards.board import Board
from apivitals.dashboards.panel import Column, Heat, Lines, Number, Query, Row, Step, Table
from apivitals.dashboards.rows.components import component_panels
from apivitals.dashboards.rows.past import past_row
from apivitals.dashboards.rows.sizes import SIZES
from apivitals.dashboards.selection import of_job, of_route, quantile_of_route, rate
from apivitals.dashboards.variables import JOB, METHODS, ONE_ROUTE
from apivitals.slo import series
from apivitals.slo.outcome import FAILURE
from apivitals.slo.promql import bucket, count, total
from apivitals.slo.series import COMPONENT, ERROR_TYPE, OF_ROUTE, PRIORITY

UID = "apivitals-route"
STATUS = label_name(http.STATUS)
_DURATION, _FIRST_BYTE = http.REQUEST_DURATION, http.TIME_TO_FIRST_BYTE
_RESPONSE_TIME, _UNSUCCESSFUL = 'threshold="response_time"', f'{ERROR_TYPE}!=""'
_QUANTILES = {"p50": "0.5", "p90": "0.9", "p95": "0.95", "p99": "0.99"}


def _ratings() -> str:
    """Give the ratings of the class that the route is of."""
    of_its_class = (
        f"{of_job(series.CLASS_THRESHOLD, _RESPONSE_TIME)}\n"
        f"and on ({series.CLASS.by}) sum by ({series.CLASS.by}) ({of_route(OF_ROUTE.requests)})"
    )
    return f"max by (severity) (\n{of_its_class}\n)"


_NOW = Row(
    "Now",
    (
        Number(
            title="Throughput",
            description="Completed requests per second. Nothing here while callers say that they call is a fault in"
            " front of the service, or another template that takes the path.",
            unit="reqps",
            queries=(Query(f"sum({of_route(OF_ROUTE.requests)})", "requests"),),
            sparkline=True,
            steps=colours.ANY,
        ),
        Number(
            title="Errors",
            description="Failed requests as a share of all, over five minutes. If it is not 0, the errors by type are"
            " below.",
            unit="percentunit",
            queries=(Query(f"sum({of_route(OF_ROUTE.errors)}) / (sum({of_route(OF_ROUTE.requests)}) > 0)", "errors"),),
            sparkline=True,
            steps=colours.ANY_IS_TO_WATCH,
            decimals=2,
        ),
        Number(
            title="Response time, p50",
            description="Half of the requests took less. It is what most users feel; far below p95, few requests are"
            " slow, and they have something in common.",
            unit="s",
            queries=(Query(f"max({of_route(OF_ROUTE.response_time('p50'))})", "p50"),),
            sparkline=True,
            steps=colours.ANY,
        ),
        Number(
            title="Response time, p95",
            description="95 % of the requests took less. Compare it with the ratings of its class, below.",
            unit="s",
            queries=(Query(f"max({of_route(OF_ROUTE.response_time('p95'))})", "p95"),),
            sparkline=True,
            steps=colours.ANY,
        ),
        Number(
            title="In flight",
            description="Requests of this route that have begun and not ended. Many, and few that complete, is a"
            " request that hangs: see the age of the oldest.",
            unit="none",
            queries=(Query(f"sum({of_route(http.ACTIVE_REQUESTS)})", "in flight"),),
            sparkline=True,
            steps=colours.ANY,
            when_empty="none",
        ),
        Number(
            title="Share of all time",
            description="Of all response time of the service, this route's part. Where it is large, what is won here"
            " is won for the whole service.",
            unit="percentunit",
            queries=(
                Query(
                    f"sum({of_route(OF_ROUTE.response_sum)}) / sum({of_job(series.JOB.response_sum)})",
                    "share",
                ),
            ),
            steps=colours.ANY,
            decimals=1,
        ),
    ),
)

_REQUESTS_ROW = Row(
    "Requests",
    (
        Lines(
            title="Throughput, by status",
            description="Completed requests per second, by status code; without one, no response was started. A new"
            " code that begins with a release came with it.",
            unit="reqps",
            queries=(Query(f"sum by ({STATUS}) ({rate(of_route(count(_DURATION)))})", f"{{{{{STATUS}}}}}"),),
            stacked=True,
            colours={"200": "green", "201": "light-green", "404": "yellow", "422": "light-orange", "500": "red"},
            least=0,
        ),
        Lines(
            title="Errors, by type",
            description="Failed requests per second, by the exception's class, the status, or how the response broke."
            " The first that appeared is the cause more often than the largest.",
            unit="reqps",
            queries=(
                Query(f"sum by ({ERROR_TYPE}) ({rate(of_route(count(_DURATION), FAILURE))})", f"{{{{{ERROR_TYPE}}}}}"),
            ),
            stacked=True,
            least=0,
            when_empty="none has failed",
        ),
        Lines(
            title="Response time, percentiles",
            description="To the last byte. The dashed lines are the ratings of the route's class: up to good is well,"
            " from warning on is an alert when it stays. Points are traces, to be opened.",
            unit="s",
            queries=(
                *(
                    Query(quantile_of_route(quantile, bucket(_DURATION)), name, exemplars=name == "p99")
                    for name, quantile in _QUANTILES.items()
                ),
                Query(_ratings(), "{{severity}} rating"),
            ),
            colours={"p50": "super-light-blue", "p90": "light-blue", "p95": "blue", "p99": "dark-blue"},
            least=0,
        ),
        Heat(
            title="Response times",
            description="How many requests took how long: dark is many. Two bands are two kinds of requests (a cache"
            " that hits and one that misses); a band that rises is everything that becomes slower. Points are traces.",
            unit="s",
            queries=(
                Query(
                    f"sum by (le) (increase({of_route(bucket(_DURATION))}[$__rate_interval]))", "{{le}}", exemplars=True
                ),
            ),
            width=12,
        ),
        Lines(
            title="Latency and response time",
            description="p95 and p50 of both. Latency ends with the first byte: where it is the smaller by far, the"
            " body is what takes the time, or a client that reads slowly.",
            unit="s",
            queries=(
                Query(quantile_of_route("0.95", bucket(_DURATION)), "response time, p95"),
                Query(quantile_of_route("0.95", bucket(_FIRST_BYTE)), "latency, p95"),
                Query(quantile_of_route("0.5", bucket(_DURATION)), "response time, p50"),
                Query(quantile_of_route("0.5", bucket(_FIRST_BYTE)), "latency, p50"),
            ),
            colours={
                "response time, p95": "blue",
                "latency, p95": "green",
                "response time, p50": "super-light-blue",
                "latency, p50": "super-light-green",
            },
            least=0,
            width=12,
        ),
    ),
)

_TIME = Row(
    "Where the time goes",
    (
        *component_panels(rate(of_route(total(breakdown.COMPONENT_DURATION))), rate(of_route(count(_DURATION)))),
        Lines(
            title="Calls per request, by component",
            description="Calls to databases, caches and other services, on average over the requests that made any. A"
            " number that grows with the data is a query in a loop (N+1): ask once for all.",
            unit="none",
            queries=(
                Query(
                    f"sum by ({COMPONENT}) ({rate(of_route(total(breakdown.COMPONENT_CALLS)))})\n/\n"
                    f"(sum by ({COMPONENT}) ({rate(of_route(count(breakdown.COMPONENT_CALLS)))}) > 0)",
                    f"{{{{{COMPONENT}}}}}",
                ),
            ),
            colours=colours.COMPONENTS,
            least=0,
            when_empty="no calls",
        ),
        Lines(
            title="Component time, p95",
            description="Of each component by itself: 95 % of the requests spent less in it. High here and low in the"
            " mean is what makes the slow requests slow.",
            unit="s",
            queries=(
                Query(
                    quantile_of_route("0.95", bucket(breakdown.COMPONENT_DURATION), f"{COMPONENT}, le"),
                    f"{{{{{COMPONENT}}}}}",
                ),
            ),
            colours=colours.COMPONENTS,
            least=0,
        ),
        Lines(
            title="In flight, and the oldest",
            description="The age of the oldest request in flight, in seconds. One that only rises hangs, in a call"
            " without a timeout; streams and uploads may be old.",
            unit="s",
            queries=(Query(f"max({of_route(http.OLDEST_ACTIVE_REQUEST)})", "the oldest"),),
            colours={"the oldest": "orange"},
            least=0,
            when_empty="none in flight",
        ),
    ),
)

_PAST = past_row(OF_ROUTE, of_route)

_ERRORS = Row(
    "Errors",
    (
        Table(
            title="Errors of the chosen time",
            description="All outcomes that are no success, by type and status, with how many there were in the chosen"
            " time. client_disconnected and cancelled are the clients' and the server's own: they fail no objective.",
            unit="none",
            queries=(
                Query(
                    f"sum by ({ERROR_TYPE}, {STATUS}, {PRIORITY}) ("
                    f"increase({of_route(count(_DURATION), _UNSUCCESSFUL)}[$__range])) > 0"
                ),
            ),
            columns=(
                Column(ERROR_TYPE, "Type"),
                Column(STATUS, "Status", width=90),
                Column(PRIORITY, "Priority", width=90),
                Column("Value", "Requests", unit="short", decimals=0, steps=(Step(None, "orange"),), width=120),
            ),
            sorted_by="Requests",
            when_empty="Every request succeeded.",
            height=7,
        ),
    ),
)

ROUTE = Board(
    UID,
    "Route",
    "One route: how often it is called, how fast it answers, where its time goes, what fails, and a week ago.",
    (JOB, ONE_ROUTE, METHODS),
    (_NOW, _REQUESTS_ROW, _TIME, _ERRORS, SIZES, _PAST),
)
