"""Alerts lead to dashboards that are there, with what can be chosen on them."""

from urllib.parse import parse_qs, urlsplit

import pytest

from apivitals.objectives import from_mapping
from apivitals.slo.generator import rule_files
from apivitals.slo.rule import Alert, all_rules
from tests.support.dashboards import shipped_dashboards

BASE = "https://grafana.example.com"
OF_A_ROUTE = {"GET /reports/{id}": {"error_rate_percent": 2, "latency": [{"percent": 95, "within_seconds": 2}]}}
ALERTS = [
    rule
    for rule in all_rules(rule_files(from_mapping({"dashboard_base_url": BASE, "routes": OF_A_ROUTE})))
    if isinstance(rule, Alert)
]
DASHBOARDS = {dashboard.uid: dashboard.content for dashboard in shipped_dashboards()}


@pytest.mark.parametrize("url", sorted({alert.annotations["dashboard_url"] for alert in ALERTS}))
def test_the_link_opens_a_shipped_dashboard(url):
    parts = urlsplit(url)
    uid = parts.path.removeprefix("/d/")
    assert url.startswith(BASE)
    assert uid in DASHBOARDS
    variables = {f"var-{variable['name']}" for variable in DASHBOARDS[uid]["templating"]["list"]}
    assert set(parse_qs(parts.query)) <= variables


def test_an_alert_on_one_route_opens_the_page_of_the_route():
    (url,) = {
        alert.annotations["dashboard_url"]
        for alert in ALERTS
        if alert.name == "ApiErrorRateHigh" and "pattern" in alert.labels
    }
    assert url.startswith(f"{BASE}/d/apivitals-route?")
    assert "var-http_route={{ $labels.http_route | urlquery }}" in url
    assert "var-http_request_method={{ $labels.http_request_method | urlquery }}" in url


def test_every_dashboard_is_opened_by_some_alert():
    opened = {urlsplit(alert.annotations["dashboard_url"]).path.removeprefix("/d/") for alert in ALERTS}
    assert opened == set(DASHBOARDS)
