"""Overview: how the services do, in one page. What is wrong is on top, and each part leads to its own page."""

from __future__ import annotations

from apivitals.dashboards import colours
from apivitals.dashboards.board import Board, link_to
from apivitals.dashboards.panel import Bars, Column, Number, Query, Row, Step, Table
from apivitals.dashboards.rows.by_priority import BY_PRIORITY
from apivitals.dashboards.rows.components import component_panels
from apivitals.dashboards.rows.past import past_row
from apivitals.dashboards.selection import of_class, of_instance, of_job
from apivitals.dashboards.variables import CLASS, INSTANCE, JOB
from apivitals.slo import series
from apivitals.slo.series import JOB_LABEL, METHOD, OF_ROUTE, PRIORITY, ROUTE

UID = "apivitals-overview"
_C, _J, _R = series.CLASS, series.JOB, series.OF_ROUTE
_SLO = link_to("apivitals-slo", JOB_LABEL, PRIORITY)
_ROUTE = link_to(
    "apivitals-route", JOB_LABEL, **{METHOD: '${__data.fields["Method"]}', ROUTE: '${__data.fields["Route"]}'}
)
_FIRING = 'alertstate="firing"', 'severity!="none"'
_ALERT_PRIORITY = f'{PRIORITY}=~"${PRIORITY}|"'

_INSTANCES = f"{of_instance('up')} and on ({JOB_LABEL}) {of_job(series.INSTRUMENTED)}"


def _total(name: str) -> str:
    return f"sum({of_class(name)})"


_NOW = Row(
    "Now",
    (
        Number(
            title="Health",
            description="0 to 100: the product of few errors, short response times and room on the machine (the parts"
            " are below). Under 80 something is felt by users: look at which part fell.",
            unit="none",
            queries=(Query(f"min({of_job(series.HEALTH)})", "health"),),
            steps=colours.SCORE,
            decimals=0,
            least=0,
            most=100,
            width=3,
        ),
        Number(
            title="Alerts",
            description="Alerts that fire now, by severity. The table below names them; each has a runbook.",
            unit="none",
            queries=(Query(f"count by (severity) ({of_job('ALERTS', *_FIRING, _ALERT_PRIORITY)})", "{{severity}}"),),
            colours=colours.SEVERITIES,
            when_empty="none",
            steps=colours.ANY,
            width=3,
        ),
        Number(
            title="Throughput",
            description="Completed requests per second, over five minutes. A fall to nothing while others call it is an"
            " outage in front of the service.",
            unit="reqps",
            queries=(Query(_total(_C.requests), "requests"),),
            sparkline=True,
            steps=colours.ANY,
            width=3,
        ),
        Number(
            title="Errors",
            description="Failed requests as a share of all, over five minutes: 5xx, exceptions, broken responses."
            " Clients that leave are not in it. Where it is not 0, the routes below say which.",
            unit="percentunit",
            queries=(Query(f"{_total(_C.errors)} / ({_total(_C.requests)} > 0)", "errors"),),
            sparkline=True,
            steps=colours.ANY_IS_TO_WATCH,
            decimals=2,
            width=3,
        ),
        Number(
            title="p95",
            description="Response time: 95 % of the requests took less, to the last byte, over five minutes. Whether"
            " that is good is on the SLO page, since classes differ.",
            unit="s",
            queries=(
                Query(f"histogram_quantile(0.95, sum by (le) ({of_class(_C.response_buckets)})) >= 0", "response time"),
            ),
            sparkline=True,
            steps=colours.ANY,
            width=3,
        ),
        Number(
            title="Error budget left",
            description="Of the objective that has the least left: 100 % is all of it, under 0 the objective is missed."
            " With little left, ship what makes it more dependable and nothing else.",
            unit="percentunit",
            queries=(Query(f"min({of_class(_C.budget_remaining)})", "left"),),
            steps=colours.LEFT,
            decimals=1,
            when_empty="no objective",
            link=_SLO,
            link_title="Budgets and burn rates",
            width=3,
        ),
        Number(
            title="Budget gone in",
            description="When the first budget is spent, if the last hour goes on. Compare it with how long a repair"
            " takes.",
            unit="dtdurations",
            queries=(Query(f"min({of_class(_C.exhaustion)})", "gone in"),),
            steps=(
                Step(None, colours.BAD),
                Step(6 * 3600, "orange"),
                Step(3 * 86400, colours.WATCH),
                Step(14 * 86400, colours.GOOD),
            ),
            decimals=0,
            when_empty="not burning",
            link=_SLO,
            link_title="Budgets and burn rates",
            width=3,
        ),
        Number(
            title="Instances",
            description="Instances that answer Prometheus, of those that it knows. If fewer answer, look at the ones"
            " that do not before anything else.",
            unit="none",
            queries=(
                Query(f"sum({_INSTANCES})", "up"),
                Query(f"count({_INSTANCES})", "known"),
            ),
            steps=colours.ANY,
            width=3,
        ),
    ),
)

_WRONG = Row(
    "What is wrong",
    (
        Table(
            title="Alerts that fire",
            description="The alerts of these services, the longest first. Each one's notification says what to look at"
            " first, and its runbook what to do.",
            unit="none",
            queries=(
                Query(
                    f"max by (alertname, severity, {JOB_LABEL}, {PRIORITY}, {METHOD}, {ROUTE}) (\n"
                    f"  (time() - {of_job('ALERTS_FOR_STATE', _ALERT_PRIORITY)})\n"
                    f"  and ignoring (alertstate) {of_job('ALERTS', *_FIRING)}\n)"
                ),
            ),
            columns=(
                Column("alertname", "Alert", width=200),
                Column("severity", "Severity", width=75),
                Column(JOB_LABEL, "Service", width=95),
                Column(PRIORITY, "Priority", width=75),
                Column(ROUTE, "Route"),
                Column("Value", "For", unit="dtdurations", decimals=0, width=95),
            ),
            sorted_by="For",
            when_empty="No alert fires.",
            width=12,
        ),
        Bars(
            title="Error budgets left",
            description="What is left of the budget of each objective. A bar in red is an objective that is missed; in"
            " orange, the last quarter is being spent.",
            unit="percentunit",
            queries=(
                Query(
                    f"sort(min by ({PRIORITY}, slo) ({of_class(_C.budget_remaining)}))",
                    "{{priority}} {{slo}}",
                    at_end=True,
                ),
            ),
            steps=colours.LEFT,
            least=0,
            most=1,
            decimals=1,
            when_empty="no objective",
            width=12,
        ),
    ),
)

_TIME = Row("Where the time goes", component_panels(of_class(_C.component_seconds), of_class(_C.requests)))

_ROUTES = Row(
    "Routes",
    (
        Table(
            title="Routes, by the time they take",
            description="The fifty routes that take the most time altogether: throughput times mean response time."
            " Follow a route to its own page; begin with those whose errors or p95 stand out.",
            unit="none",
            queries=(
                Query(f"topk(50, sum by ({OF_ROUTE.by}) ({of_class(_R.response_sum)}))"),
                Query(f"sum by ({OF_ROUTE.by}) ({of_class(_R.requests)})"),
                Query(f"max by ({OF_ROUTE.by}) ({of_class(_R.error_ratio)})"),
                Query(f"max by ({OF_ROUTE.by}) ({of_class(_R.response_time('p50'))})"),
                Query(f"max by ({OF_ROUTE.by}) ({of_class(_R.response_time('p95'))})"),
                Query(f"max by ({OF_ROUTE.by}) ({of_class(_R.response_time('p99'))})"),
            ),
            columns=(
                Column(JOB_LABEL, "Service", width=120),
                Column(METHOD, "Method", width=80),
                Column(ROUTE, "Route", link=_ROUTE, link_title="Open the page of this route", width=260),
                Column(PRIORITY, "Priority", width=90),
                Column("Value #B", "Requests", unit="reqps", decimals=2, width=110),
                Column("Value #C", "Errors", unit="percentunit", decimals=2, steps=colours.ANY_IS_TO_WATCH, width=90),
                Column("Value #D", "p50", unit="s", width=95),
                Column("Value #E", "p95", unit="s", width=95),
                Column("Value #F", "p99", unit="s", width=95),
                Column("Value #A", "Time per second", unit="s", decimals=3, width=140),
            ),
            sorted_by="Time per second",
            height=10,
        ),
    ),
)

_PAST = past_row(_J, of_job, (series.UPPER, series.LOWER))

OVERVIEW = Board(
    UID,
    "Overview",
    "How the services do: health, objectives, alerts, requests by priority, where the time goes, and in which routes.",
    (JOB, INSTANCE, CLASS),
    (_NOW, _WRONG, BY_PRIORITY, _TIME, _ROUTES, _PAST),
)
