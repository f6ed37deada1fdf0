"""The JSON Schema of ``apivitals.yaml``, for editors: keys, types, defaults and what each key means."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, create_model
from pydantic.json_schema import GenerateJsonSchema

from apivitals.catalog import PRIORITIES
from apivitals.objectives.objectives import Objectives
from apivitals.objectives.values import OFF_SCHEMA
from apivitals.settings import Settings

SCHEMA_URL = "https://raw.githubusercontent.com/apivitals/apivitals/main/docs/apivitals.schema.json"
_NUMBER = {"type": "number", "exclusiveMinimum": 0}
_ON = {"enum": ["on", True], "description": "On, where it is by default."}
_PERCENT = {**_NUMBER, "maximum": 100}

# What the models take besides what their types say.
_SHORT_FORMS: Mapping[str, list[dict[str, Any]]] = {
    "Levels": [_NUMBER, OFF_SCHEMA],
    "PercentLevels": [_PERCENT, OFF_SCHEMA],
    "LowPercentLevels": [_PERCENT, OFF_SCHEMA],
    "ThroughputRatings": [OFF_SCHEMA],
    "DeadMansSwitch": [OFF_SCHEMA],
    "Route": [{"enum": list(PRIORITIES)}],
}
_MERGED_WITH_DEFAULTS = ("Ratings", "ServiceClass", "Route")
_SETTINGS: Mapping[str, dict[str, Any]] = {
    "metrics_path": {"anyOf": [{"type": "string", "pattern": "^/."}, OFF_SCHEMA]},
    "metrics_port": {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 65535}, _ON, OFF_SCHEMA]},
    "alert_webhook": {"anyOf": [{"type": "string", "pattern": "^/."}, _ON, OFF_SCHEMA]},
    "blocked_loop_seconds": {"anyOf": [{"type": "number", "minimum": 0.05, "maximum": 86_400}, OFF_SCHEMA]},
    "libraries": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"enum": ["auto"]}, OFF_SCHEMA]},
}


def json_schema() -> dict[str, Any]:
    """Return the schema of the whole file, in JSON Schema 2020-12."""
    settings = {
        name: (field.annotation, field)
        for name, field in Settings.model_fields.items()
        if name not in Settings.only_arguments
    }
    whole: Any = create_model("apivitals.yaml", __base__=Objectives, __doc__="The file apivitals.yaml.", **settings)  # type: ignore[call-overload]  # fields made from fields
    schema: dict[str, Any] = whole.model_json_schema(schema_generator=_Generator)
    for name in _MERGED_WITH_DEFAULTS:
        schema["$defs"][name].pop("required", None)
    for name, forms in _SHORT_FORMS.items():
        schema["$defs"][name] = {"anyOf": [*forms, schema["$defs"][name]]}
    for name, types in _SETTINGS.items():
        _retype(schema["properties"][name], types)
    for name in ("ServiceClass", "Route"):
        _properties(schema, name)["latency"] = _or_off(_properties(schema, name)["latency"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_URL, **_without_null(schema)}


class _Generator(GenerateJsonSchema):
    """pydantic's, without titles made from the names of fields, and with defaults as the file would have them."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # pydantic's signature
        return False

    def encode_default(self, dft: Any) -> Any:
        return _as_written(dft)

    def sort(self, value: Any, parent_key: str | None = None) -> Any:  # noqa: ARG002  # pydantic's signature
        return value  # in the order of declaration


def _as_written(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _as_written(value.model_dump(by_alias=True))
    if isinstance(value, Mapping):
        return {key: "off" if below is None else _as_written(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_written(below) for below in value]
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value


def _retype(schema: dict[str, Any], types: Mapping[str, Any]) -> None:
    for key in schema.keys() - {"default", "description"}:
        del schema[key]
    schema.update(types)


def _properties(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    definition = schema["$defs"][name]
    found: dict[str, Any] = definition.get("properties") or definition["anyOf"][-1]["properties"]
    return found


def _or_off(schema: Mapping[str, Any]) -> dict[str, Any]:
    types = {key: value for key, value in schema.items() if key not in {"default", "description"}}
    return {"anyOf": [types, OFF_SCHEMA], "description": schema["description"]}


def _without_null(schema: Any) -> Any:
    """Say ``off`` where that is what no default means, and nothing where there is none."""
    if isinstance(schema, list):
        return [_without_null(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _without_null(part) for key, part in schema.items() if key != "default"}
    if schema.get("default") is not None:
        found["default"] = schema["default"]
    elif "default" in schema and OFF_SCHEMA in schema.get("anyOf", ()):
        found["default"] = "off"
    return found
