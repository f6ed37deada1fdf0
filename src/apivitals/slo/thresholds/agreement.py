"""The service agreement: a target that is not met, once enough is known to say so."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from apivitals.slo.alerting import About, Text, alert
from apivitals.slo.first import commonest_error, grown_component
from apivitals.slo.intervals import RATES_SECONDS
from apivitals.slo.plan import Plan
from apivitals.slo.promql import number
from apivitals.slo.recording.service import AVAILABILITY, COUNTED_ERRORS, COUNTED_REQUESTS, ERROR_RATE, P95, P99
from apivitals.slo.rule import Alert
from apivitals.slo.series import JOB, SLA_MET, SLA_VALUE
from apivitals.slo.template import DURATION, PERCENTAGE, asked, label, same

_BAD_EVENTS = 5
"""Requests that were slow, or failed, which are more than chance."""
_ALL = 100


class Target(NamedTuple):
    """A target of the agreement, and when its value means something."""

    name: str
    promised: Decimal | float | None
    unit: str
    what: str
    shown: str
    first: str
    enough: str


def agreement_alerts(plan: Plan) -> Iterator[Alert]:
    """Yield an alert for each target that can be missed."""
    for target in _targets(plan):
        if target.promised is None or (target.name == ERROR_RATE and target.promised >= _ALL):
            continue
        matcher = f'target="{target.name}"'
        value = asked(plan.select(SLA_VALUE, matcher, *same(*JOB.labels)), target.shown, "past it")
        promised = f"{number(target.promised)} {target.unit}"
        yield alert(
            plan,
            About("ApiSlaBreached", "slo", "threshold"),
            f"{plan.select(SLA_MET, matcher)} == 0\nand on ({JOB.by})\n{target.enough}",
            "warning",
            Text(
                f"{label('job')}: the {target.what} is {value}; {promised} was promised",
                f"The {target.what} is {value}, and the agreement says {promised}.{target.first}",
            ),
            held="10m",
            labels={"target": target.name},
        )


def _targets(plan: Plan) -> Iterator[Target]:
    select, sla, days = plan.select, plan.objectives.sla, f"{plan.windows_days}d"
    requests = f"sum_over_time({select(JOB.requests, over='1h')}) * {RATES_SECONDS}"
    errors = f"sum_over_time({select(JOB.errors, over='1h')}) * {RATES_SECONDS}"
    errors_of_window = f"sum_over_time({select(COUNTED_ERRORS, over=days)})"
    a_day_ago = select(COUNTED_REQUESTS, before="1d")
    slow, failing = f" {grown_component(select, JOB)}", commonest_error(select, JOB)
    for name, promised, in_100 in ((P95, sla.p95_seconds, 5), (P99, sla.p99_seconds, 1)):
        enough = f"{requests} >= {_BAD_EVENTS * 100 // in_100}"
        what = f"{name.removesuffix('_seconds')} response time of the last hour"
        yield Target(name, promised, "s", what, DURATION, slow, enough)
    yield Target(
        ERROR_RATE,
        sla.error_rate_percent,
        "%",
        "error rate of the last hour",
        PERCENTAGE,
        failing,
        f"{errors} >= {_BAD_EVENTS}",
    )
    yield Target(
        AVAILABILITY,
        sla.availability_percent,
        "%",
        f"availability of {days}",
        PERCENTAGE,
        failing,
        f"{errors_of_window} >= {_BAD_EVENTS}\nand on ({JOB.by})\n{a_day_ago}",
    )
