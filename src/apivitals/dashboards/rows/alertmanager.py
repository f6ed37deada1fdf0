"""Alertmanager: what it was told of, what it told whom, and what is silenced."""

from __future__ import annotations

from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.dashboards.selection import WINDOW
from apivitals.slo.monitoring import NOT_NOTIFIED

_NOT_SCRAPED = "Prometheus does not scrape Alertmanager: see prometheus.yml."
_LATENCY = "alertmanager_notification_latency_seconds_bucket"


def _rate(series: str) -> str:
    return f"rate({series}[{WINDOW}])"


ALERTMANAGER = Row(
    "Alertmanager",
    (
        Lines(
            title="Alerts that it holds",
            description="active is told to people; suppressed is silenced, or another alert says the same already."
            " Much that is suppressed for days is a silence that nobody ended.",
            unit="none",
            queries=(Query("max by (state) (alertmanager_alerts)", "{{state}}"),),
            colours={"active": "red", "suppressed": "blue", "unprocessed": "yellow"},
            least=0,
            when_empty=_NOT_SCRAPED,
        ),
        Lines(
            title="Notifications",
            description="Per minute, by integration, those that failed too. One alert that changes between firing and"
            " resolved makes many of them: give its rule a longer time to wait.",
            unit="none",
            queries=(
                Query(
                    f"60 * sum by (integration) ({_rate('alertmanager_notifications_total')}) > 0",
                    "{{integration}}",
                ),
            ),
            least=0,
            when_empty="None was sent.",
        ),
        Lines(
            title="Notifications that did not arrive",
            description="Failures per minute, by integration. The log of Alertmanager has the reason: an expired"
            " token, a wrong channel. Until then look at its page: nobody is told by this way.",
            unit="none",
            queries=(Query(f"60 * sum by (integration) ({_rate(NOT_NOTIFIED)}) > 0", "{{integration}}"),),
            least=0,
            when_empty="None.",
        ),
        Lines(
            title="How long a notification takes",
            description="95 % took less to be handed over, by integration. Some seconds are the receiver's; what takes"
            " longer than the interval of the group comes late.",
            unit="s",
            queries=(
                Query(
                    f"histogram_quantile(0.95, sum by (integration, le) ({_rate(_LATENCY)})) >= 0",
                    "{{integration}}",
                ),
            ),
            least=0,
            when_empty="None was sent.",
        ),
        Lines(
            title="Silences",
            description="By state. An active one hides alerts from people, on purpose: see on Alertmanager's page"
            " until when and why, and end it when the work is done.",
            unit="none",
            queries=(Query("max by (state) (alertmanager_silences)", "{{state}}"),),
            colours={"active": "orange", "pending": "yellow", "expired": "super-light-blue"},
            least=0,
            when_empty=_NOT_SCRAPED,
        ),
        Lines(
            title="Alerts received",
            description="Per minute, by whether they fire. None while the watchdog fires means that Prometheus does"
            " not reach it.",
            unit="none",
            queries=(Query(f"60 * sum by (status) ({_rate('alertmanager_alerts_received_total')})", "{{status}}"),),
            colours={"firing": "red", "resolved": "green"},
            least=0,
            when_empty=_NOT_SCRAPED,
        ),
    ),
)
