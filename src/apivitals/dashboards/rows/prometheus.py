"""Prometheus itself: its rules, what it sends, and what it holds. Its series have a job of their own."""

from __future__ import annotations

from apivitals.dashboards import colours
from apivitals.dashboards.panel import Bars, Lines, Query, Row, Step
from apivitals.dashboards.selection import WINDOW
from apivitals.slo.monitoring import ALERTMANAGERS, NOT_SENT, RULE_FAILURES, RULES_MISSED

_NOT_SCRAPED = "Prometheus does not scrape itself: see prometheus.yml."
_GROUP = "{{group}}"


def _grouped(query: str) -> str:
    """Name groups without the file that they are in."""
    return f'label_replace({query}, "group", "$1", "rule_group", ".*;(.+)")'


def _rate(series: str) -> str:
    return f"rate({series}[{WINDOW}])"


PROMETHEUS = Row(
    "Prometheus",
    (
        Bars(
            title="Rule groups, of their interval",
            description="How long an evaluation takes, as a share of the time to the next one: the five slowest"
            " groups. At 100 % evaluations are left out and alerts come late: fewer routes or features, or more CPU.",
            unit="percentunit",
            queries=(
                Query(
                    "topk(5, "
                    + _grouped(
                        "max by (rule_group) (\n"
                        "  prometheus_rule_group_last_duration_seconds / prometheus_rule_group_interval_seconds\n)"
                    )
                    + ")",
                    _GROUP,
                    at_end=True,
                ),
            ),
            steps=(Step(None, colours.GOOD), Step(0.3, colours.WATCH), Step(0.8, colours.BAD)),
            least=0,
            most=1,
            when_empty=_NOT_SCRAPED,
        ),
        Lines(
            title="Evaluations that failed or were left out",
            description="Per minute, by group. Failures are rules that are loaded twice or query too much; what is"
            " left out took too long. The page Rules of Prometheus has the error.",
            unit="none",
            queries=(
                Query(_grouped(f"60 * sum by (rule_group) ({_rate(RULE_FAILURES)}) > 0"), f"{_GROUP} failed"),
                Query(_grouped(f"60 * sum by (rule_group) ({_rate(RULES_MISSED)}) > 0"), f"{_GROUP} left out"),
            ),
            least=0,
            when_empty="None.",
        ),
        Lines(
            title="Alerts sent, and not",
            description="Per minute, to all Alertmanagers. Errors are tried again; what is dropped is lost. Prometheus"
            " sends each firing alert again and again, so sent is never 0 while the watchdog fires.",
            unit="none",
            queries=(
                Query(f"60 * sum({_rate('prometheus_notifications_sent_total')})", "sent"),
                Query(f"60 * sum({_rate('prometheus_notifications_errors_total')})", "errors"),
                Query(f"60 * sum({_rate(NOT_SENT)})", "dropped"),
            ),
            colours={"sent": "green", "errors": "orange", "dropped": "red"},
            least=0,
            when_empty=_NOT_SCRAPED,
        ),
        Lines(
            title="Alertmanagers, and the queue to them",
            description="How many Alertmanagers are known, and how full the queue of alerts is. None known means that"
            " nobody is told of anything; a queue that fills is one that does not answer.",
            unit="none",
            queries=(
                Query(f"min({ALERTMANAGERS})", "known"),
                Query("max(prometheus_notifications_queue_length)", "alerts in the queue"),
            ),
            colours={"known": "green", "alerts in the queue": "orange"},
            least=0,
            when_empty=_NOT_SCRAPED,
        ),
        Lines(
            title="Series in memory",
            description="Series that were written to in the last hours. They are what Prometheus' memory goes by,"
            " about 3 kB each; steps that do not come back are new labels.",
            unit="short",
            queries=(Query("max by (instance) (prometheus_tsdb_head_series)", "{{instance}}"),),
            least=0,
            when_empty=_NOT_SCRAPED,
        ),
        Lines(
            title="Samples taken in",
            description="Samples per second, from scrapes and rules: series divided by the scrape interval. Fewer"
            " without a change are targets that are gone.",
            unit="wps",
            queries=(
                Query(
                    f"sum by (instance) ({_rate('prometheus_tsdb_head_samples_appended_total')})",
                    "{{instance}}",
                ),
            ),
            least=0,
            when_empty=_NOT_SCRAPED,
        ),
    ),
)
