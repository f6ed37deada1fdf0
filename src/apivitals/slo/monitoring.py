"""Alerts on the monitoring itself: what it does not see it cannot tell of."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.catalog import internal, label_name, source
from apivitals.objectives import Severity
from apivitals.slo.alerting import About, Text, alert
from apivitals.slo.objective import objectives_of
from apivitals.slo.plan import Plan
from apivitals.slo.promql import number
from apivitals.slo.rule import Alert
from apivitals.slo.series import INSTANCE, INSTRUMENTED, JOB
from apivitals.slo.targets import UP, down, present
from apivitals.slo.template import COUNT, THE_COUNT, THE_DURATION, asked, label, same
from apivitals.slo.thresholds.machine import INSTANCE_OF

SCRAPE_SECONDS = "scrape_duration_seconds"
RULE_FAILURES, RULES_MISSED = (
    "prometheus_rule_evaluation_failures_total",
    "prometheus_rule_group_iterations_missed_total",
)
NOT_SENT, ALERTMANAGERS = "prometheus_notifications_dropped_total", "prometheus_notifications_alertmanagers_discovered"
NOT_NOTIFIED, RELOADED = "alertmanager_notifications_failed_total", "alertmanager_config_last_reload_successful"
_SCRAPE_TIMEOUT_SECONDS = 10
_OURS = 'rule_group=~".*;apivitals-.*"'


def monitoring_alerts(plan: Plan) -> Iterator[Alert]:
    """Yield the alerts, and the one that always fires so that its absence can be noticed."""
    yield from _targets(plan)
    yield from _service(plan)
    if plan.objectives.features.slo:
        yield from _unmeasured(plan)
    yield from _prometheus(plan)
    yield from _alertmanager(plan)
    yield _alert(
        plan,
        "ApiWatchdog",
        "vector(1)",
        "none",
        Text(
            "Alerts are delivered",
            "This alert always fires. Send it to something that raises the alarm when it stops coming.",
        ),
        of_service=False,
    )


def _alert(  # noqa: PLR0913  # as `alert`, with what is the same here left out
    plan: Plan,
    name: str,
    expr: str,
    severity: Severity | str,
    text: Text,
    *,
    held: str = "",
    shown_by: tuple[str, ...] = JOB.labels,
    of_service: bool = True,
) -> Alert:
    about = About(name, "monitoring", "monitoring", shown_by if of_service else (), of_service=of_service)
    return alert(plan, about, expr, severity, text, held=held)  # type: ignore[arg-type]  # "none" is one, here alone


def _targets(plan: Plan) -> Iterator[Alert]:
    select = plan.select
    none = asked(
        f"count({select(UP, *same(*JOB.labels))})",
        f"Prometheus can scrape none of its instances, of which it knows {COUNT}.",
        "Prometheus knows of none of its instances any more.",
    )
    gone = f"{select(INSTRUMENTED)} unless on ({JOB.by}) {select(UP)} unless on ({JOB.by}) {present(select)}"
    yield _alert(
        plan,
        "ApiDown",
        f"{down(select)}\nor\n0 * ({gone})",
        "critical",
        Text(
            f"{label('job')} is down",
            f"{none} Look first at whether the service answers at all; if it does, at the path and the token of its"
            " metrics.",
        ),
        held="1m",
    )
    one = f"{select(UP)} == 0\nand on ({JOB.by})\n{select(INSTRUMENTED)}"
    yield _alert(
        plan,
        "ApiInstanceDown",
        f"{one}\nunless on ({JOB.by})\n{down(select)}",
        "warning",
        Text(
            f"{INSTANCE_OF} is down",
            "Prometheus cannot scrape it, others of the service it can. Look first at whether it was killed or is"
            " blocked: a blocked event loop does not answer a scrape either.",
        ),
        held="5m",
        shown_by=INSTANCE.labels,
    )
    half = min(plan.objectives.scrape_interval_seconds, _SCRAPE_TIMEOUT_SECONDS) / 2
    slow = f"avg_over_time({select(SCRAPE_SECONDS, over='5m')}) > {number(half)}"
    yield _alert(
        plan,
        "ApiScrapeSlow",
        f"{slow}\nand on ({JOB.by})\n{select(INSTRUMENTED)}",
        "warning",
        Text(
            f"{INSTANCE_OF}: a scrape takes {THE_DURATION}",
            f"A scrape takes {THE_DURATION}, and past its timeout there is no data. Look first at the event loop, which"
            " the page is rendered in, and then at the number of series.",
        ),
        held="10m",
        shown_by=INSTANCE.labels,
    )


def _service(plan: Plan) -> Iterator[Alert]:
    select = plan.select
    dropped = f"increase({select(internal.DROPPED, over='10m')})"
    yield _alert(
        plan,
        "ApiSeriesDropped",
        f"sum by ({JOB.by}, metric) ({dropped}) > 0",
        "warning",
        Text(
            f"{label('job')}: {label('metric')} has too many series",
            f"{THE_COUNT} observations of {label('metric')} in 10 minutes were past the series limit and are counted"
            " without labels: rules by class or route miss them. Look first at labels from requests.",
        ),
        held="5m",
    )
    errors = f"increase({select(internal.ERRORS, over='10m')})"
    yield _alert(
        plan,
        "ApiInternalErrors",
        f"sum by ({JOB.by}, {label_name('operation')}) ({errors}) > 0",
        "warning",
        Text(
            f"{label('job')}: apivitals has errors of its own in {label('operation')}",
            f"{THE_COUNT} errors in 10 minutes. The requests went on, but what they measured may be missing. Look first"
            " at the log of the service: each kind is logged once.",
        ),
        held="5m",
    )
    yield _alert(
        plan,
        "ApiSourceFailing",
        f"max by ({INSTANCE.by}, {label_name(source.SOURCE)}) ({select(source.UP)}) == 0",
        "info",
        Text(
            f"{INSTANCE_OF}: {label('source')} cannot be read in full",
            f"Some metrics of {label('source')} are missing, and alerts on them are silent. Look first at"
            " apivitals_source_last_error_timestamp_seconds, which names the part and the error.",
        ),
        held="15m",
        shown_by=INSTANCE.labels,
    )


def _unmeasured(plan: Plan) -> Iterator[Alert]:
    for level in dict.fromkeys(objective.subject.level for objective in objectives_of(plan)):
        yield alert(
            plan,
            About("ApiObjectiveNotMeasured", "monitoring", "monitoring", level.labels),
            f"{plan.select(level.slo_requests)} > 0 unless {plan.select(level.slo_bad)}",
            "warning",
            Text(
                f"{label('job')}: the objective {label('objective')} cannot be measured",
                "The service's histogram has no bucket that ends at the objective's time. Look first at whether the"
                " service reads the same apivitals.yaml as the rules were generated from, and since its last start.",
            ),
            held="15m",
            labels={"level": level.name},
        )


def _prometheus(plan: Plan) -> Iterator[Alert]:
    failing = f"sum by (job, rule_group) (increase({RULE_FAILURES}{{{_OURS}}}[5m])) > 0"
    missed = f"sum by (job, rule_group) (increase({RULES_MISSED}{{{_OURS}}}[5m])) > 0"
    yield _alert(
        plan,
        "ApiRulesFailing",
        f"{failing}\nor\n{missed}",
        "critical",
        Text(
            "Prometheus cannot evaluate rules of apivitals",
            f"{label('rule_group')}: {THE_COUNT} evaluations failed or were left out in 5 minutes, so alerts may be"
            " missing. Look first at the rules page of Prometheus, which has the error.",
        ),
        held="5m",
        of_service=False,
    )
    yield _alert(
        plan,
        "ApiAlertsNotSent",
        f"sum by (job, instance) (increase({NOT_SENT}[5m])) > 0\nor\nmax by (job, instance) ({ALERTMANAGERS}) == 0",
        "critical",
        Text(
            "Prometheus does not reach an Alertmanager",
            f"Alerts of {label('instance')} were dropped, or it knows of no Alertmanager. Look first at alerting in"
            " prometheus.yml. Only a dead man's switch tells of this one.",
        ),
        held="5m",
        of_service=False,
    )


def _alertmanager(plan: Plan) -> Iterator[Alert]:
    yield _alert(
        plan,
        "ApiAlertmanagerNotDelivering",
        f"sum by (job, instance, integration) (increase({NOT_NOTIFIED}[10m])) > 0",
        "critical",
        Text(
            f"Alertmanager cannot notify by {label('integration')}",
            f"{THE_COUNT} notifications by {label('integration')} failed in 10 minutes. Look first at its log: a token"
            " that has expired, an address that is not reached.",
        ),
        held="5m",
        of_service=False,
    )
    yield _alert(
        plan,
        "ApiAlertmanagerConfigRefused",
        f"max by (job, instance) ({RELOADED}) == 0",
        "critical",
        Text(
            "Alertmanager goes on with an old configuration",
            "Its last reload failed. Look first at amtool check-config alertmanager.yml.",
        ),
        held="5m",
        of_service=False,
    )
