"""Monitoring: whether what watches the services can be relied on, from the scrape to the notification."""

from __future__ import annotations

from apivitals.dashboards import colours
from apivitals.dashboards.board import Board
from apivitals.dashboards.panel import Column, Lines, Number, Query, Row, State, States, Table
from apivitals.dashboards.rows.alertmanager import ALERTMANAGER
from apivitals.dashboards.rows.firing import firing
from apivitals.dashboards.rows.instrumentation import INSTRUMENTATION
from apivitals.dashboards.rows.prometheus import PROMETHEUS
from apivitals.dashboards.selection import of_instance
from apivitals.dashboards.variables import INSTANCE, JOB
from apivitals.slo.monitoring import NOT_NOTIFIED, NOT_SENT, RELOADED, RULE_FAILURES, RULES_MISSED, SCRAPE_SECONDS
from apivitals.slo.series import INSTANCE_LABEL
from apivitals.slo.targets import UP

UID = "apivitals-monitoring"
_ALERTS = (
    "ApiDown",
    "ApiInstanceDown",
    "ApiScrapeSlow",
    "ApiSeriesDropped",
    "ApiInternalErrors",
    "ApiSourceFailing",
    "ApiObjectiveNotMeasured",
    "ApiRulesFailing",
    "ApiAlertsNotSent",
    "ApiAlertmanagerNotDelivering",
    "ApiAlertmanagerConfigRefused",
)
_SAMPLES = "scrape_samples_scraped"
_PROMETHEUS_RELOADED = "prometheus_config_last_reload_successful"
_ACCEPTED = (State(1, "accepted", colours.GOOD), State(0, "refused", colours.BAD))
_WATCHDOG = 'alertname="ApiWatchdog"', 'alertstate="firing"'


def _in_the_range(counter: str) -> str:
    return f"sum(increase({counter}[$__range]))"


_NOW = Row(
    "Now",
    (
        firing("the monitoring", _ALERTS, of_service=False),
        Number(
            title="Targets",
            description="Targets that answer Prometheus, of those that it knows; with All, its own are among them."
            " What does not answer is not measured, and most of its alerts are silent.",
            unit="none",
            queries=(Query(f"sum({of_instance(UP)})", "answer"), Query(f"count({of_instance(UP)})", "known")),
            steps=colours.ANY,
            width=3,
        ),
        Number(
            title="Watchdog",
            description="ApiWatchdog always fires, so that something outside can raise the alarm when it stops coming."
            " If it is silent here, the rules are not evaluated.",
            unit="none",
            queries=(Query(f"max(ALERTS{{{','.join(_WATCHDOG)}}})", "watchdog"),),
            states=(State(1, "fires", colours.GOOD),),
            when_empty="silent",
            width=3,
        ),
        Number(
            title="Rules failed",
            description="Evaluations that failed or were left out, in the time that is shown. Alerts of their groups"
            " may be missing: the page Rules of Prometheus has the error.",
            unit="none",
            queries=(Query(f"{_in_the_range(RULE_FAILURES)} + {_in_the_range(RULES_MISSED)}", "failed"),),
            steps=colours.ANY_IS_BAD,
            decimals=0,
            when_empty="not scraped",
            width=3,
        ),
        Number(
            title="Alerts not sent",
            description="Alerts that Prometheus dropped since no Alertmanager took them, in the time that is shown. Of"
            " these, nobody was told.",
            unit="none",
            queries=(Query(_in_the_range(NOT_SENT), "dropped"),),
            steps=colours.ANY_IS_BAD,
            decimals=0,
            when_empty="not scraped",
            width=3,
        ),
        Number(
            title="Not notified",
            description="Notifications of Alertmanager that failed, in the time that is shown. Its log has the reason:"
            " an expired token, a wrong channel, an address that is not reached.",
            unit="none",
            queries=(Query(_in_the_range(NOT_NOTIFIED), "failed"),),
            steps=colours.ANY_IS_BAD,
            decimals=0,
            when_empty="not scraped",
            width=3,
        ),
        Number(
            title="Configuration",
            description="Whether the last reload was accepted. What refused it goes on with the old one, without new"
            " rules or receivers: promtool check config and amtool check-config say why.",
            unit="none",
            queries=(
                Query(f"min({_PROMETHEUS_RELOADED})", "Prometheus"),
                Query(f"min({RELOADED})", "Alertmanager"),
            ),
            states=_ACCEPTED,
            when_empty="not scraped",
            width=6,
        ),
    ),
)

_SCRAPES = Row(
    "Scrapes of the services",
    (
        States(
            title="Targets that answer",
            description="Each instance over time. Gaps at the same time in all of them are of Prometheus itself, or of"
            " the network; in one, it was restarted or its event loop was blocked.",
            unit="none",
            queries=(Query(f"max by ({INSTANCE_LABEL}) ({of_instance(UP)})", "{{instance}}"),),
            states=(State(1, "answers", colours.GOOD), State(0, "does not", colours.BAD)),
        ),
        Lines(
            title="How long a scrape takes",
            description="From Prometheus' side. Past the time limit there is no data: the alert comes at half of it."
            " Look at the event loop, which the page is rendered in, and at the number of samples.",
            unit="s",
            queries=(Query(f"max by (job, {INSTANCE_LABEL}) ({of_instance(SCRAPE_SECONDS)})", "{{job}} {{instance}}"),),
            least=0,
        ),
        Lines(
            title="Samples in each scrape",
            description="Lines of the metrics page. They grow with routes, status codes and labels of one's own, and"
            " then stay; a number that keeps growing is a label with values from requests.",
            unit="short",
            queries=(Query(f"max by (job, {INSTANCE_LABEL}) ({of_instance(_SAMPLES)})", "{{job}} {{instance}}"),),
            least=0,
        ),
    ),
)

_ALERTS_OVER_TIME = Row(
    "Alerts",
    (
        Lines(
            title="Alerts by severity",
            description="All alerts of the rules that fire, whatever they are about. Many at once have one cause: look"
            " at the one that began first, on the Overview.",
            unit="none",
            queries=(Query('count by (severity) (ALERTS{alertstate="firing",severity!="none"})', "{{severity}}"),),
            colours=colours.SEVERITIES,
            stacked=True,
            least=0,
            when_empty="No alert fires.",
        ),
        Lines(
            title="Alerts by state",
            description="pending: the condition holds, but not yet for as long as the rule asks for. Alerts that are"
            " often pending and never fire are near their threshold.",
            unit="none",
            queries=(Query('count by (alertstate) (ALERTS{severity!="none"})', "{{alertstate}}"),),
            colours={"firing": "red", "pending": "yellow"},
            least=0,
            when_empty="No alert is pending or fires.",
        ),
        Table(
            title="How often each alert fired",
            description="Of the time that is shown, how long each alert was firing. What fires most of the time and is"
            " not acted upon should be repaired, or its threshold changed: it hides the others.",
            unit="none",
            queries=(
                Query(
                    "30 * sum_over_time((\n"
                    '  max by (alertname, severity) (ALERTS{alertstate="firing",severity!="none"})\n)[$__range:30s])',
                ),
            ),
            columns=(
                Column("alertname", "Alert"),
                Column("severity", "Severity", width=90),
                Column("Value", "Fired for", unit="dtdurations", decimals=0, width=130),
            ),
            sorted_by="Fired for",
            width=8,
            when_empty="No alert has fired.",
        ),
    ),
)

MONITORING = Board(
    UID,
    "Monitoring",
    "Whether what watches the services can be relied on: scrapes, apivitals itself, rules, alerts, notifications.",
    (JOB, INSTANCE),
    (_NOW, _SCRAPES, INSTRUMENTATION, _ALERTS_OVER_TIME, PROMETHEUS, ALERTMANAGER),
)
