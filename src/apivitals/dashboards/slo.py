"""SLO: what was promised, how much of it is kept, and how fast the rest is used up."""

from __future__ import annotations

from apivitals.dashboards import colours
from apivitals.dashboards.board import Board
from apivitals.dashboards.panel import Lines, Number, Query, Row, States, Step
from apivitals.dashboards.rows.burning import BURN_RATES_ROW
from apivitals.dashboards.rows.compliance import COMPLIANCE, OWN_OBJECTIVES
from apivitals.dashboards.selection import of_class, of_job
from apivitals.dashboards.variables import CLASS, JOB
from apivitals.slo import series
from apivitals.slo.series import PRIORITY

UID = "apivitals-slo"
_C = series.CLASS
_WEEK_SECONDS = 7 * 86400


_NOW = Row(
    "Now",
    (
        Number(
            title="Objectives kept",
            description="Objectives whose budget is not used up, of all. What is missed is red in the table.",
            unit="none",
            queries=(
                Query(f"sum({of_class(_C.budget_remaining)} >= bool 0)", "kept"),
                Query(f"count({of_class(_C.budget_remaining)})", "of"),
            ),
            steps=colours.ANY,
            when_empty="no objective",
        ),
        Number(
            title="Least budget left",
            description="Of the objective that has the least. Under a quarter, what may break something waits; under 0"
            " the promise is broken until old failures leave the window.",
            unit="percentunit",
            queries=(Query(f"min({of_class(_C.budget_remaining)})", "left"),),
            steps=colours.LEFT,
            decimals=1,
            when_empty="no objective",
        ),
        Number(
            title="Fastest burn",
            description="How many times faster than allowed a budget was used in the last hour. 1 uses it up exactly at"
            " the end of its window; from 14.4 on somebody is called.",
            unit="none",
            queries=(Query(f"max({of_class(_C.burn_rate)})", "burn rate"),),
            steps=colours.BURNING,
            decimals=2,
            sparkline=True,
            when_empty="no requests",
        ),
        Number(
            title="First budget gone in",
            description="If the last hour goes on. Less than it takes to repair: act now.",
            unit="dtdurations",
            queries=(Query(f"min({of_class(_C.exhaustion)})", "gone in"),),
            steps=(Step(None, colours.BAD), Step(86400, "orange"), Step(_WEEK_SECONDS, colours.GOOD)),
            decimals=0,
            when_empty="not burning",
        ),
        Number(
            title="Apdex",
            description="Users who are satisfied, and half of those who tolerate, as a share of all: from 0.94 on"
            " excellent, under 0.7 poor. The times are those of each class.",
            unit="none",
            queries=(Query(f"min({of_job(series.JOB.apdex)})", "Apdex"),),
            steps=(
                Step(None, colours.BAD),
                Step(0.7, "orange"),
                Step(0.85, colours.WATCH),
                Step(0.94, colours.GOOD),
            ),
            decimals=3,
            sparkline=True,
            when_empty="no requests",
        ),
        Number(
            title="Agreement",
            description="Targets of the service agreement that are met now, of all. They are in a table below.",
            unit="none",
            queries=(
                Query(f"sum({of_job(series.SLA_MET)})", "met"),
                Query(f"count({of_job(series.SLA_MET)})", "of"),
            ),
            steps=colours.ANY,
            when_empty="none agreed",
        ),
    ),
)

_BUDGET = Row(
    "Budgets over time",
    (
        Lines(
            title="Error budget left",
            description="The least of each class and kind of objective. A step down is an incident; a slope is many"
            " small failures that nobody is called for.",
            unit="percentunit",
            queries=(Query(f"min by ({PRIORITY}, slo) ({of_class(_C.budget_remaining)})", "{{priority}} {{slo}}"),),
            width=12,
            most=1,
            when_empty="no objective",
        ),
        Lines(
            title="Bad requests, by objective",
            description="Requests per second that were bad in the sense of each objective: failed, or slower than it"
            " demands. Which objective they are of says whether to look for errors or for time.",
            unit="reqps",
            queries=(
                Query(
                    f"sum by ({PRIORITY}, slo, objective) ({of_class(_C.slo_bad)})",
                    "{{priority}} {{slo}} {{objective}}",
                ),
            ),
            stacked=True,
            least=0,
            width=12,
            when_empty="no requests",
        ),
    ),
)

_RATED = Row(
    "Ratings",
    (
        States(
            title="Response time, as rated",
            description="Each class by its own times: excellent, good, warning, critical, from p95 over five minutes."
            " What stays orange or red is felt.",
            unit="none",
            queries=(Query(f"max by ({PRIORITY}) ({of_class(_C.rating)})", "{{priority}}"),),
            states=colours.RATINGS,
            width=12,
            when_empty="no requests",
        ),
        Lines(
            title="Apdex, by priority",
            description="1 is everybody satisfied, 0.5 everybody waiting. It falls before the error budget does, and"
            " says which class it is.",
            unit="none",
            queries=(Query(f"min by ({PRIORITY}) ({of_class(_C.apdex)})", "{{priority}}"),),
            colours=colours.PRIORITIES,
            least=0,
            most=1,
            width=12,
            when_empty="no requests",
        ),
    ),
)

SLO = Board(
    UID,
    "SLO",
    "Objectives: what was promised and kept, error budgets, burn rates by window, the service agreement, ratings.",
    (JOB, CLASS),
    (_NOW, COMPLIANCE, BURN_RATES_ROW, _BUDGET, _RATED, OWN_OBJECTIVES),
    since="now-24h",
    refresh="1m",
)
