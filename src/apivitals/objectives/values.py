"""The values of the sections: numbers that may be ``off``, percentages, and sections that keep what is not given."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OFF = {"off", "none", "no", "false"}

DERIVED: Any = None
"""The default of a field that is found from the fields before it."""


def percentage_of(percent: Decimal) -> Decimal:
    """Turn a percentage into a ratio, exactly: 99.9 into 0.999."""
    return percent.scaleb(-2).normalize()


def _off(value: Any) -> Any:
    """Understand ``off``, which is the string or, in YAML 1.1, a boolean."""
    if value is False or (isinstance(value, str) and value.strip().lower() in _OFF):
        return None
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("give a number")  # noqa: TRY004  # pydantic reports ValueError
    return value


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("give a finite number")
    return value


def _label(value: str) -> str:
    if not _LABEL.fullmatch(value) or value.startswith("__"):
        raise ValueError(f"{value!r} is no label name: letters, digits and underscores, no digit or __ in front")
    return value


OFF_SCHEMA = {"enum": ["off", False], "description": "Off."}


def _numeric(**limits: float) -> dict[str, Any]:
    return {"type": "number", **limits}


def _or_off(schema: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [schema, OFF_SCHEMA]})


_positive = _numeric(exclusiveMinimum=0)
_percent = _numeric(exclusiveMinimum=0, maximum=100)
_objective = _numeric(exclusiveMinimum=0, exclusiveMaximum=100)

_PositiveFloat = Annotated[float, BeforeValidator(_number), Field(gt=0), AfterValidator(_finite)]
_PositiveDecimal = Annotated[Decimal, BeforeValidator(_number), Field(gt=0, allow_inf_nan=False)]
_PercentDecimal = Annotated[Decimal, BeforeValidator(_number), Field(gt=0, le=100)]
_ObjectiveDecimal = Annotated[Decimal, BeforeValidator(_number), Field(gt=0, lt=100, decimal_places=6)]

Number = Annotated[_PositiveFloat, WithJsonSchema(_positive)]
"""A number over 0: seconds, hours, requests per second, a factor."""
NumberOrOff = Annotated[_PositiveFloat | None, BeforeValidator(_off), _or_off(_positive)]
Amount = Annotated[_PositiveDecimal | None, BeforeValidator(_off), _or_off(_positive)]
"""A number over 0, exact as it was written, or off."""
Percent = Annotated[_PercentDecimal | None, BeforeValidator(_off), _or_off(_percent)]
"""A percentage, exact as it was written, or off."""
Objective = Annotated[_ObjectiveDecimal, WithJsonSchema(_objective)]
"""A percentage of good events that leaves a budget for bad ones."""
ObjectiveOrOff = Annotated[_ObjectiveDecimal | None, BeforeValidator(_off), _or_off(_objective)]
LabelName = Annotated[str, AfterValidator(_label)]
"""A label as Prometheus spells it."""


class Section(BaseModel):
    """A part of the file. A section in it that is given in part keeps its other defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _over_defaults(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        values = {str(key): value for key, value in given.items()}
        for name, field in cls.model_fields.items():
            key = field.alias or name
            default = field.get_default(call_default_factory=True)
            if not isinstance(default, BaseModel) or key not in values:
                continue
            if values[key] is None:  # a key whose values are all comments
                del values[key]
            elif isinstance(values[key], Mapping):
                values[key] = merged(as_given(default), values[key])
        return values


def as_given(section: BaseModel) -> dict[str, Any]:
    """Return a section's values as its file would have them; what was not given is left out, to be found again."""
    return section.model_dump(exclude_unset=True, by_alias=True)


def merged(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `given` over `base`, level by level."""
    values = dict(base)
    for key, value in given.items():
        below = values.get(key)
        values[key] = merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return values
