"""What was promised and what was kept: objectives of classes and of routes, and the service agreement."""

from __future__ import annotations

from apivitals.dashboards import colours
from apivitals.dashboards.panel import Bars, Column, Query, Row, Table
from apivitals.dashboards.selection import of_class, of_job
from apivitals.slo import series
from apivitals.slo.series import JOB_LABEL, METHOD, PRIORITY, ROUTE, Level

_C, _R = series.CLASS, series.OF_ROUTE
_NAMES = ("slo", "objective")


def _kept(level: Level) -> str:
    """Give the share of good requests over the window of the budget, whichever window that is."""
    return f"1 - (1 - {of_class(level.budget_remaining)}) * {of_class(level.budget)}"


def _found(level: Level, *more: str) -> tuple[Query, ...]:
    by = f"{level.by}, {', '.join(_NAMES)}{''.join(f', {name}' for name in more)}"
    parts = (
        of_class(level.slo_target),
        _kept(level),
        of_class(level.budget_remaining),
        of_class(level.burn_rate),
        of_class(level.exhaustion),
        f"{of_class(level.slo_requests)} * 3600",
    )
    return tuple(Query(f"max by ({by}) ({part})") for part in parts)


_FOUND = (
    Column("Value #A", "Objective", unit="percentunit", decimals=3, width=95),
    Column("Value #B", "Kept", unit="percentunit", decimals=3, width=95),
    Column("Value #C", "Budget left", unit="percentunit", decimals=1, steps=colours.LEFT, width=110),
    Column(
        "Value #D",
        "Burn rate, 1 h",
        unit="none",
        decimals=2,
        steps=colours.BURNING,
        width=110,
    ),
    Column("Value #E", "Gone in", unit="dtdurations", decimals=0, width=130),
    Column("Value #F", "Requests/h", unit="short", decimals=0, width=105),
)
_FIRST = (Column(JOB_LABEL, "Service", width=110), Column(PRIORITY, "Priority", width=80))

COMPLIANCE = Row(
    "Compliance",
    (
        Table(
            title="Objectives of the classes",
            description="Each objective: what was promised, what was kept over the window of the budget, and how fast"
            " the rest goes. Sorted by the burn rate: the first row is the one to work on.",
            unit="none",
            queries=_found(_C),
            columns=(*_FIRST, Column("slo", "Of", width=100), Column("objective", "Demand", width=150), *_FOUND),
            sorted_by="Burn rate, 1 h",
            when_empty="No objective has requests yet.",
            height=10,
        ),
        Table(
            title="Service agreement",
            description="Each target: what was promised, what is measured, and the share of the time in which it was"
            " met. Percentiles and the error rate are those of the last hour, availability that of the window.",
            unit="none",
            queries=(
                Query(f"max by ({JOB_LABEL}, target) ({of_job(series.SLA_TARGET)})"),
                Query(f"max by ({JOB_LABEL}, target) ({of_job(series.SLA_VALUE)})"),
                Query(f"max by ({JOB_LABEL}, target) ({of_job(series.SLA_MET)})"),
                Query(f"max by ({JOB_LABEL}, target) ({of_job(series.SLA_MET_SHARE)})"),
            ),
            columns=(
                Column(JOB_LABEL, "Service", width=100),
                Column("target", "Target", width=150),
                Column("Value #A", "Promised", decimals=4, width=85),
                Column("Value #B", "Measured", decimals=4, width=85),
                Column("Value #C", "Now", states=colours.YES_NO, width=70),
                Column("Value #D", "Of the time", unit="percentunit", decimals=1, width=90),
            ),
            sorted_by="Target",
            width=12,
            when_empty="Nothing is agreed.",
        ),
        Bars(
            title="Error budgets left",
            description="What is left of each budget: 100 % is all of it. In red, the objective is missed; in orange,"
            " the last quarter is being spent.",
            unit="percentunit",
            queries=(
                Query(
                    f"sort(min by ({PRIORITY}, {', '.join(_NAMES)}) ({of_class(_C.budget_remaining)}))",
                    "{{priority}} {{slo}} {{objective}}",
                    at_end=True,
                ),
            ),
            steps=colours.LEFT,
            least=0,
            most=1,
            decimals=1,
            width=12,
            when_empty="no objective",
        ),
    ),
)

OWN_OBJECTIVES = Row(
    "Routes with objectives of their own",
    (
        Table(
            title="Objectives of routes",
            description="Routes that the file gives an availability or latency of their own, beside that of their"
            " class. Empty where it gives none.",
            unit="none",
            queries=_found(_R, "pattern"),
            columns=(
                *_FIRST,
                Column(METHOD, "Method", width=80),
                Column(ROUTE, "Route"),
                Column("slo", "Of", width=100),
                Column("objective", "Demand", width=150),
                *_FOUND,
            ),
            sorted_by="Burn rate, 1 h",
            when_empty="No route has an objective of its own.",
        ),
    ),
    collapsed=True,
)
