"""A dashboard with a panel of every kind that is drawn."""

from typing import Any

from tests.dashboards.dashboard import good, panel, read, target
from tests.support.dashboards import Dashboard

_BY_VALUE = {
    "thresholds": {"mode": "absolute", "steps": [{"color": "green", "value": None}, {"color": "red", "value": 0.8}]},
    "color": {"mode": "thresholds"},
}
_STATES = {
    "mappings": [
        {
            "type": "value",
            "options": {"2": {"text": "good", "color": "blue"}, "3": {"text": "warning", "color": "orange"}},
        }
    ]
}


def _place(x: int, y: int, wide: int, high: int = 8) -> dict[str, int]:
    return {"x": x, "y": y, "w": wide, "h": high}


def _shown(unit: str, *overrides: Any, **more: Any) -> dict[str, Any]:
    return {"defaults": {"unit": unit, **more}, "overrides": list(overrides)}


def _override(name: str, **properties: Any) -> dict[str, Any]:
    made = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": made}


def _panels() -> list[dict[str, Any]]:
    rate = 'job_priority:http_requests:rate5m{job=~"$job"}'
    buckets = 'sum by (le) (rate(http_server_request_duration_seconds_bucket{job=~"$job"}[$__rate_interval]))'
    table: dict[str, Any] = {"format": "table", "instant": True}
    stacked = {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 40, "axisLabel": "requests"}
    dashed = _override(
        "critical", custom__lineStyle={"fill": "dash", "dash": [6, 6]}, color={"mode": "fixed", "fixedColor": "red"}
    )
    link = {"title": "Open", "url": "/d/good?${__url_time_range}&${__all_variables}&var-job=${__data.fields.job}"}
    named = {"organize": {"renameByName": {"Value #A": "Rate", "Value #B": "p95"}, "excludeByName": {"Time": True}}}
    legend = {"legend": {"showLegend": True, "displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"]}}
    beside = {"legend": {"showLegend": True, "displayMode": "list", "placement": "right", "calcs": []}}
    return [
        panel(
            1,
            "stat",
            target("job:apivitals_busiest:utilization_max"),
            gridPos=_place(0, 0, 6, 4),
            fieldConfig=_shown("percentunit", **_BY_VALUE),
            options={"colorMode": "background", "graphMode": "area"},
        ),
        panel(
            2,
            "gauge",
            target("job:apivitals_busiest:utilization_max"),
            gridPos=_place(6, 0, 6, 4),
            fieldConfig=_shown("percentunit", min=0, max=1, **_BY_VALUE),
            options={},
        ),
        panel(
            3,
            "bargauge",
            target(rate, legendFormat="{{priority}}"),
            gridPos=_place(12, 0, 6, 4),
            options={"orientation": "horizontal", "displayMode": "lcd"},
        ),
        panel(
            4,
            "piechart",
            target(rate, legendFormat="{{priority}}"),
            gridPos=_place(18, 0, 6, 4),
            options={
                "pieType": "donut",
                "legend": {"displayMode": "list", "placement": "right", "values": ["percent"]},
            },
        ),
        panel(
            5,
            "timeseries",
            target(rate, legendFormat="{{priority}}"),
            gridPos=_place(0, 4, 12),
            fieldConfig=_shown("reqps", dashed),
            options=legend,
        ),
        panel(
            6,
            "timeseries",
            target(rate, legendFormat="{{priority}}"),
            gridPos=_place(12, 4, 12),
            fieldConfig=_shown("reqps", custom=stacked),
            options=beside,
        ),
        panel(
            7,
            "heatmap",
            target(buckets, legendFormat="{{le}}", format="heatmap"),
            gridPos=_place(0, 12, 12),
            fieldConfig=_shown("s"),
            options={"yAxis": {"unit": "s"}, "color": {"scheme": "Blues"}},
        ),
        panel(
            8,
            "table",
            target(rate, **table),
            target("job_priority:http_response_time_seconds:p95_5m", "B", **table),
            gridPos=_place(12, 12, 12),
            options={"sortBy": [{"displayName": "Rate", "desc": True}]},
            transformations=[{"id": "merge", "options": {}}, {"id": "organize", "options": named["organize"]}],
            fieldConfig=_shown("reqps", _override("p95", unit="s"), _override("job", links=[link])),
        ),
        panel(
            9,
            "state-timeline",
            target("job_priority:http_response_time:rating", legendFormat="{{priority}}"),
            gridPos=_place(0, 20, 12),
            fieldConfig=_shown("none", **_STATES),
            options={"rowHeight": 0.9},
        ),
        panel(
            10,
            "text",
            gridPos=_place(12, 20, 6),
            title="Words",
            options={"mode": "markdown", "content": "## Read me\n\n- *one* `two` [three](https://example.org/x)"},
        ),
        panel(11, "timeseries", target("job:nothing:rate5m"), gridPos=_place(18, 20, 6), title="Empty"),
    ]


def gallery() -> Dashboard:
    """Return it."""
    content = good()
    content["title"] = "Gallery"
    content["panels"] = _panels()
    return read(content)
