"""Alerts on the monitoring itself."""

import pytest

from tests.slo.tables import QUIET, check_table, counter, gauge, kinds
from tests.support.promtool import Case
from tests.support.traffic import BOUNDS, series, served, target

RULES = "prometheus_rule_evaluation_failures_total"
GROUP = "/etc/prometheus/rules/apivitals-slo.yml;apivitals-burn-rates"
DOWN = target("1x20 0x60")
TWO = target() | target("1x20 0x60", instance="b:80")

TABLE = {
    "ApiDown": [
        Case("fires", DOWN, "15m", 1, {"job": "shop", "severity": "critical"}),
        Case("all of two", DOWN | target("1x10 0x60", instance="b:80"), "15m", 1),
        Case("vanished from Prometheus", target("1x20 stale"), "15m", 1),
        Case("for a day", target("1x20 0x3000"), "24h", 1),
        Case("quiet", TWO, "15m", QUIET),
        Case("idle", target(), "15m", QUIET),
        Case("missing", {}, "15m", QUIET),
        Case("restart", target("1x20 0x1 1x60"), "13m", QUIET),
        Case("another exporter", {'up{job="node",instance="n:9100"}': "0x60"}, "15m", QUIET),
        Case("a service that pushes", series("apivitals_build_info", "1x60"), "15m", QUIET),
    ],
    "ApiInstanceDown": [
        Case("fires", TWO, "20m", 1, {"instance": "b:80", "severity": "warning"}),
        Case("quiet", target() | target(instance="b:80"), "20m", QUIET),
        Case("idle", DOWN, "20m", QUIET),
        Case("missing", {}, "20m", QUIET),
        Case("restart", target() | target("1x20 0x4 1x60", instance="b:80"), "20m", QUIET),
    ],
    "ApiScrapeSlow": gauge("scrape_duration_seconds", 7, 3),
    "ApiSeriesDropped": counter("apivitals_internal_dropped_label_sets_total", 3, 0, metric="m"),
    "ApiInternalErrors": counter("apivitals_internal_errors_total", 3, 0, operation="record"),
    "ApiSourceFailing": [
        Case("fires", target() | series("apivitals_source_up", "0x100", source="gpu"), "30m", 1),
        Case("quiet", target() | series("apivitals_source_up", "1x100", source="gpu"), "30m", QUIET),
        Case("idle", target() | series("apivitals_source_up", "1x9 0x9 1x90", source="gpu"), "12m", QUIET),
        Case("missing", target(), "30m", QUIET),
        Case("restart", target() | series("apivitals_source_up", "0x9 stale _x3 1x90", source="gpu"), "30m", QUIET),
    ],
    "ApiObjectiveNotMeasured": [
        Case("fires", target() | served("0+30x90", bounds=(0.1, 0.5)), "30m", 1, {"objective": "99% within 1s"}),
        Case("quiet", target() | served("0+30x90", bounds=BOUNDS), "30m", QUIET),
        Case("idle", target() | served("900x90", bounds=(0.1, 0.5)), "30m", QUIET),
        Case("missing", target(), "30m", QUIET),
        Case("restart", target() | served("900+30x9 0+30x90"), "30m", QUIET),
    ],
    "ApiRulesFailing": counter(RULES, 1, 0, rule_group=GROUP),
    "ApiAlertsNotSent": counter("prometheus_notifications_dropped_total", 1, 0),
    "ApiAlertmanagerNotDelivering": counter("alertmanager_notifications_failed_total", 1, 0, integration="slack"),
    "ApiAlertmanagerConfigRefused": [
        Case("fires", series("alertmanager_config_last_reload_successful", "0x90"), "20m", 1),
        Case("quiet", series("alertmanager_config_last_reload_successful", "1x90"), "20m", QUIET),
        Case("idle", series("alertmanager_config_last_reload_successful", "1x90"), "20m", QUIET),
        Case("missing", {}, "20m", QUIET),
        Case("restart", series("alertmanager_config_last_reload_successful", "0x4 stale 1x90"), "20m", QUIET),
    ],
}
TABLE["ApiRulesFailing"] += [
    Case("another's rules", series(RULES, "0+1x90", rule_group="/etc/rules/node.yml;node"), "20m", QUIET),
    Case("left out", series("prometheus_rule_group_iterations_missed_total", "0+1x90", rule_group=GROUP), "20m", 1),
]
TABLE["ApiAlertsNotSent"] += [
    Case("no Alertmanager", series("prometheus_notifications_alertmanagers_discovered", "0x90"), "20m", 1),
]


@pytest.mark.parametrize("alert", TABLE)
def test_alert(alert):
    check_table({alert: TABLE[alert]})


def test_every_kind_of_case():
    assert kinds(TABLE) == []


def test_the_watchdog_always_fires():
    cases = [Case("nothing at all", {}, "5m", 1, {"severity": "none"}), Case("later", {}, "50m", 1)]
    check_table({"ApiWatchdog": cases})
