"""Response times that are a multiple of what they were an hour or a week ago."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.slo.alerting import About, Text, alert
from apivitals.slo.first import grown_component, of_subject
from apivitals.slo.intervals import RATES_SECONDS
from apivitals.slo.plan import Plan, Subject
from apivitals.slo.promql import Select, number
from apivitals.slo.rule import Alert, Recording
from apivitals.slo.series import CLASS
from apivitals.slo.template import DURATION, THE_DURATION, asked, same

_BEFORE = {"previous": "1h", "week": "1w"}
_WORDS = {"1h": "the hour before", "1w": "the same hour last week"}
_IN_AN_HOUR = 3


def degradation_rules(select: Select) -> Iterator[Recording]:
    """Yield the 95th percentile of the last hour, of each class."""
    buckets = f"sum by ({CLASS.by}, le) (sum_over_time({select(CLASS.response_buckets, over='1h')}))"
    yield Recording(CLASS.response_time_of_an_hour, f"histogram_quantile(0.95, {buckets}) >= 0")


def degradation_alerts(plan: Plan) -> Iterator[Alert]:
    """Yield an alert for each class and each of the two periods that it is compared with."""
    factor = plan.objectives.thresholds.degradation_factor
    if factor is None:
        return
    for subject in plan.subjects:
        if subject.level is CLASS:
            for name, ago in _BEFORE.items():
                yield _degraded(plan, subject, factor, name, ago)


def _degraded(plan: Plan, subject: Subject, factor: float, name: str, ago: str) -> Alert:
    select, series = plan.select, CLASS.response_time_of_an_hour
    now, before = subject.series(select, series), subject.series(select, series, before=ago)
    good = number(subject.demands.response_time_seconds.good)
    least = plan.objectives.thresholds.minimum_requests * _IN_AN_HOUR
    requests = f"sum_over_time({select(CLASS.requests, *subject.matchers, over='1h')}) * {RATES_SECONDS}"
    past = asked(select(series, *same(*CLASS.labels), before=ago), DURATION, "less")
    return alert(
        plan,
        About("ApiResponseTimeDegraded", "traffic", "trend", CLASS.labels),
        f"{now} > {number(factor)} * {before}\nand\n{now} > {good}\nand\n{requests} >= {least}\nand\n"
        f"({requests.replace('[1h]', f'[1h] offset {ago}')}) >= {least}",
        subject.demands.severities.slow,
        Text(
            f"{of_subject(subject)}: p95 response time rose to {THE_DURATION}",
            f"The p95 of the last hour is {THE_DURATION}; in {_WORDS[ago]} it was {past}."
            f" {grown_component(select, CLASS, before=ago)} What was deployed since?",
        ),
        held="10m",
        labels={**subject.labels, "compared_with": name},
    )
