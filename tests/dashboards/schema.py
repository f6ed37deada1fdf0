"""A JSON Schema of what Grafana's file provisioning reads: the classic dashboard, schema 42.

Strict where Grafana is silent: a misspelled key of a panel, of a query or of the field config it only ignores.
"""

from typing import Any

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_DATASOURCE = {
    "type": "object",
    "properties": {"type": {"enum": ["prometheus", "grafana", "datasource"]}, "uid": _TEXT},
    "required": ["uid"],
    "additionalProperties": False,
}
_GRID = {
    "type": "object",
    "properties": {
        "x": {"type": "integer", "minimum": 0, "maximum": 23},
        "y": {"type": "integer", "minimum": 0},
        "w": {"type": "integer", "minimum": 1, "maximum": 24},
        "h": {"type": "integer", "minimum": 1},
        "static": {"type": "boolean"},
    },
    "required": ["x", "y", "w", "h"],
    "additionalProperties": False,
}
_TARGET = {
    "type": "object",
    "properties": {
        "refId": {"type": "string", "pattern": "^[A-Z]+$"},
        "expr": _TEXT,
        "legendFormat": {"type": "string"},
        "format": {"enum": ["time_series", "table", "heatmap"]},
        "instant": {"type": "boolean"},
        "range": {"type": "boolean"},
        "exemplar": {"type": "boolean"},
        "hide": {"type": "boolean"},
        "interval": {"type": "string"},
        "intervalFactor": {"type": "integer", "minimum": 1},
        "editorMode": {"enum": ["code", "builder"]},
        "queryType": {"type": "string"},
        "datasource": _DATASOURCE,
    },
    "required": ["refId", "expr"],
    "additionalProperties": False,
}
_THRESHOLDS = {
    "type": "object",
    "properties": {
        "mode": {"enum": ["absolute", "percentage"]},
        "steps": {
            "type": "array",
            "minItems": 1,
            "prefixItems": [{"properties": {"value": {"type": "null"}}}],
            "items": {
                "type": "object",
                "properties": {"value": {"type": ["number", "null"]}, "color": _TEXT},
                "required": ["color", "value"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["mode", "steps"],
    "additionalProperties": False,
}
_LINK = {
    "type": "object",
    "properties": {"title": _TEXT, "url": _TEXT, "targetBlank": {"type": "boolean"}, "oneClick": {"type": "boolean"}},
    "required": ["title", "url"],
}
_DEFAULTS = {
    "type": "object",
    "properties": {
        "unit": _TEXT,
        "displayName": {"type": "string"},
        "description": {"type": "string"},
        "decimals": {"type": "integer", "minimum": 0},
        "min": {"type": "number"},
        "max": {"type": "number"},
        "noValue": {"type": "string"},
        "color": {
            "type": "object",
            "properties": {"mode": _TEXT, "fixedColor": _TEXT, "seriesBy": {"enum": ["min", "max", "last"]}},
            "required": ["mode"],
            "additionalProperties": False,
        },
        "thresholds": _THRESHOLDS,
        "mappings": {"type": "array", "items": {"$ref": "#/$defs/mapping"}},
        "links": {"type": "array", "items": _LINK},
        "custom": {"type": "object"},
        "fieldMinMax": {"type": "boolean"},
        "filterable": {"type": "boolean"},
    },
    "additionalProperties": False,
}
_OVERRIDE = {
    "type": "object",
    "properties": {
        "matcher": {
            "type": "object",
            "properties": {"id": {"enum": ["byName", "byNames", "byRegexp", "byType", "byFrameRefID"]}, "options": {}},
            "required": ["id", "options"],
            "additionalProperties": False,
        },
        "properties": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": {"$ref": "#/$defs/property"}, "value": {}},
                "required": ["id", "value"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["matcher", "properties"],
    "additionalProperties": False,
}
_PANEL = {
    "type": "object",
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "type": {
            "enum": [
                *("row", "text", "timeseries", "stat", "gauge", "bargauge", "table", "heatmap", "piechart"),
                *("state-timeline", "status-history", "barchart", "histogram", "alertlist"),
            ]
        },
        "title": {"type": "string"},
        "description": {"type": "string"},
        "gridPos": _GRID,
        "datasource": _DATASOURCE,
        "targets": {"type": "array", "items": _TARGET},
        "fieldConfig": {
            "type": "object",
            "properties": {"defaults": _DEFAULTS, "overrides": {"type": "array", "items": _OVERRIDE}},
            "required": ["defaults", "overrides"],
            "additionalProperties": False,
        },
        "options": {"type": "object"},
        "transformations": {
            "type": "array",
            "items": {"type": "object", "properties": {"id": _TEXT}, "required": ["id", "options"]},
        },
        "links": {"type": "array", "items": _LINK},
        "repeat": _TEXT,
        "repeatDirection": {"enum": ["h", "v"]},
        "maxPerRow": {"type": "integer", "minimum": 1},
        "maxDataPoints": {"type": "integer", "minimum": 1},
        "interval": {"type": "string"},
        "timeFrom": {"type": "string"},
        "timeShift": {"type": "string"},
        "hideTimeOverride": {"type": "boolean"},
        "transparent": {"type": "boolean"},
        "pluginVersion": {"type": "string"},
        "cacheTimeout": {"type": "string"},
        "collapsed": {"type": "boolean"},
        "panels": {"type": "array", "items": {"$ref": "#/$defs/panel"}},
    },
    "required": ["id", "type", "gridPos"],
    "additionalProperties": False,
    "if": {"properties": {"type": {"enum": ["row"]}}},
    "then": {"required": ["collapsed", "panels", "title"]},
    "else": {
        "required": ["title", "description", "options"],
        "if": {"properties": {"type": {"enum": ["text", "alertlist"]}}},
        "else": {"required": ["targets", "fieldConfig", "datasource"], "properties": {"targets": {"minItems": 1}}},
    },
}
_VARIABLE = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": r"^\w+$"},
        "type": {"enum": ["datasource", "query", "custom", "interval", "textbox", "constant"]},
        "label": {"type": "string"},
        "description": {"type": "string"},
        "query": {"type": ["string", "object"]},
        "definition": {"type": "string"},
        "datasource": _DATASOURCE,
        "regex": {"type": "string"},
        "refresh": {"enum": [0, 1, 2]},
        "sort": {"type": "integer"},
        "hide": {"enum": [0, 1, 2]},
        "multi": {"type": "boolean"},
        "includeAll": {"type": "boolean"},
        "allowCustomValue": {"type": "boolean"},
        "allValue": {"type": "string"},
        "skipUrlSync": {"type": "boolean"},
        "current": {"type": "object"},
        "options": {"type": "array"},
        "auto": {"type": "boolean"},
        "auto_min": {"type": "string"},
        "auto_count": {"type": "integer"},
    },
    "required": ["name", "type", "query"],
    "additionalProperties": False,
    "if": {"properties": {"type": {"enum": ["query"]}}},
    "then": {"required": ["datasource", "refresh"]},
}
_ANNOTATION = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "enable": {"type": "boolean"},
        "hide": {"type": "boolean"},
        "iconColor": _TEXT,
        "expr": {"type": "string"},
        "datasource": _DATASOURCE,
    },
    "required": ["name", "enable", "iconColor", "datasource"],
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "id": {"type": "null"},
        "uid": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,40}$"},
        "title": _TEXT,
        "description": _TEXT,
        "tags": {"type": "array", "items": _TEXT, "uniqueItems": True},
        "schemaVersion": {"enum": [42]},
        "version": {"type": "integer"},
        "editable": {"type": "boolean"},
        "graphTooltip": {"enum": [0, 1, 2]},
        "style": {"type": "string"},
        "timezone": {"enum": ["browser", "utc", ""]},
        "weekStart": {"type": "string"},
        "fiscalYearStartMonth": {"type": "integer"},
        "refresh": {"type": "string"},
        "liveNow": {"type": "boolean"},
        "preload": {"type": "boolean"},
        "time": {
            "type": "object",
            "properties": {"from": _TEXT, "to": _TEXT},
            "required": ["from", "to"],
            "additionalProperties": False,
        },
        "timepicker": {"type": "object"},
        "panels": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/panel"}},
        "templating": {
            "type": "object",
            "properties": {"list": {"type": "array", "items": _VARIABLE}},
            "required": ["list"],
            "additionalProperties": False,
        },
        "annotations": {
            "type": "object",
            "properties": {"list": {"type": "array", "items": _ANNOTATION}},
            "required": ["list"],
            "additionalProperties": False,
        },
        "links": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"title": _TEXT, "type": {"enum": ["link", "dashboards"]}},
                "required": ["title", "type", "keepTime", "includeVars"],
            },
        },
    },
    "required": [
        *("uid", "title", "tags", "schemaVersion", "panels", "templating", "annotations", "links", "time"),
        *("editable", "graphTooltip"),
    ],
    "additionalProperties": False,
    "$defs": {
        "panel": _PANEL,
        "mapping": {
            "type": "object",
            "properties": {"type": {"enum": ["value", "range", "regex", "special"]}, "options": {"type": "object"}},
            "required": ["type", "options"],
            "additionalProperties": False,
        },
        "property": {
            "type": "string",
            "pattern": r"^(unit|displayName|description|decimals|min|max|noValue|color|thresholds|mappings|links"
            r"|filterable|fieldMinMax|custom\.\w+(\.\w+)*)$",
        },
    },
}
