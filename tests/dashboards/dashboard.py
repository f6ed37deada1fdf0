"""A small dashboard that keeps all the rules, for tests to break."""

import copy
from typing import Any

from tests.support.dashboards import Dashboard

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
KEEPS = "${__url_time_range}&${__all_variables}"


def target(expr: str, ref: str = "A", **more: Any) -> dict[str, Any]:
    """Make a query."""
    return {"refId": ref, "expr": expr, "legendFormat": "{{job}}", "datasource": DATASOURCE, **more}


def panel(number: int, kind: str, *targets: dict[str, Any], x: int = 0, y: int = 0, wide: int = 24, **more: Any) -> Any:
    """Make a panel, eight lines high."""
    return {
        "id": number,
        "type": kind,
        "title": f"Panel {number}",
        "description": "It shows that. If it rises, look at the other.",
        "gridPos": {"x": x, "y": y, "w": wide, "h": 8},
        "datasource": DATASOURCE,
        "targets": list(targets),
        "fieldConfig": {"defaults": {"unit": "reqps"}, "overrides": []},
        "options": {"legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}},
        **more,
    }


def variable(name: str, query: str, **more: Any) -> dict[str, Any]:
    """Make a variable whose values Prometheus has."""
    return {
        "name": name,
        "label": name.title(),
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        **more,
    }


_CONTENT: dict[str, Any] = {
    "uid": "good",
    "title": "Good",
    "tags": ["apivitals"],
    "schemaVersion": 42,
    "editable": False,
    "graphTooltip": 1,
    "time": {"from": "now-6h", "to": "now"},
    "panels": [
        panel(
            1,
            "timeseries",
            target('sum by (job) (rate(http_server_request_duration_seconds_count{job=~"$job"}[$__rate_interval]))'),
        ),
        panel(2, "stat", target('job:http_requests:rate5m{job=~"$job"}'), y=8, wide=12, options={}),
        panel(
            3,
            "timeseries",
            target('http_server_active_requests{job=~"$job", instance=~"$instance"}'),
            x=12,
            y=8,
            wide=12,
        ),
    ],
    "templating": {
        "list": [
            {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
            variable("job", "label_values(apivitals_build_info, job)"),
            variable("instance", 'label_values(apivitals_build_info{job=~"$job"}, instance)'),
        ]
    },
    "annotations": {
        "list": [
            {
                "name": "Alerts",
                "enable": True,
                "iconColor": "red",
                "datasource": DATASOURCE,
                "expr": 'ALERTS{alertstate="firing", job=~"$job"}',
            }
        ]
    },
    "links": [{"title": "All", "type": "dashboards", "tags": ["apivitals"], "keepTime": True, "includeVars": True}],
}


def good() -> dict[str, Any]:
    """Return its content, to be changed."""
    return copy.deepcopy(_CONTENT)


def read(content: dict[str, Any]) -> Dashboard:
    """Make a dashboard of it."""
    return Dashboard(content, "good")
