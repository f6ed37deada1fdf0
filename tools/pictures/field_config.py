"""How each field is shown: the panel's defaults, and what overrides say of it."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.pictures.frames import Field, Frame, Value
from tools.pictures.palette import Theme
from tools.pictures.units import Text, formatted


@dataclass(frozen=True)
class Config:
    """What is set for one field."""

    content: Mapping[str, Any]

    @property
    def custom(self) -> Mapping[str, Any]:
        """What only its kind of panel knows."""
        return self.content.get("custom") or {}

    @property
    def unit(self) -> str:
        """Grafana's id of the unit."""
        return str(self.content.get("unit") or "")

    @property
    def links(self) -> Sequence[Mapping[str, Any]]:
        """Its data links."""
        return self.content.get("links") or ()

    @property
    def is_hidden(self) -> bool:
        """Whether the panel leaves it out."""
        hidden = self.custom.get("hideFrom") or {}
        return bool(hidden.get("viz") or self.custom.get("hidden"))

    @property
    def is_hidden_in_legend(self) -> bool:
        """Whether the legend leaves it out."""
        return bool((self.custom.get("hideFrom") or {}).get("legend"))

    def number(self, name: str) -> float | None:
        """Return ``min``, ``max`` and the like."""
        value = self.content.get(name)
        return None if value is None else float(value)

    def name(self, field: Field) -> str:
        """Return what the field is called."""
        own = str(self.content.get("displayName") or "")
        for label, value in field.labels.items():
            own = own.replace(f"${{__field.labels.{label}}}", value)
        return own.replace("${__field.name}", field.name).replace("${__series.name}", field.shown) or field.shown

    def text(self, value: Value) -> Text:
        """Write a value."""
        mapped = self._mapping(value)
        if mapped is not None and mapped.get("text"):
            return Text(str(mapped["text"]))
        if value is None or (isinstance(value, float) and math.isnan(value) and self.content.get("noValue")):
            return Text(str(self.content.get("noValue") or "-"))
        if isinstance(value, str):
            return Text(value)
        decimals = self.content.get("decimals")
        return formatted(value, self.unit, None if decimals is None else int(decimals))

    def color(self, value: Value, theme: Theme, low: float = 0.0, high: float = 1.0) -> str:
        """Return the colour of a value, by mapping, thresholds, scheme or as set."""
        mapped = self._mapping(value)
        if mapped is not None and mapped.get("color"):
            return theme.color(str(mapped["color"]))
        mode = str((self.content.get("color") or {}).get("mode") or "thresholds")
        if mode in {"fixed", "shades"}:
            return theme.color(str(self.content["color"].get("fixedColor") or "green"))
        if not isinstance(value, (int, float)) or math.isnan(value):
            return theme.text
        if mode.startswith("continuous-"):
            return theme.scheme(mode, (value - low) / (high - low) if high > low else 0.0)
        return self.threshold_color(value, theme, low, high)

    def steps(self) -> list[tuple[float, str]]:
        """Return the thresholds: from where, and in which colour."""
        found = (self.content.get("thresholds") or {}).get("steps") or [{"color": "green"}]
        return [(-math.inf if one.get("value") is None else float(one["value"]), str(one["color"])) for one in found]

    @property
    def are_percentages(self) -> bool:
        """Whether thresholds are percentages between min and max."""
        return bool((self.content.get("thresholds") or {}).get("mode") == "percentage")

    def threshold_color(self, value: float, theme: Theme, low: float = 0.0, high: float = 1.0) -> str:
        """Return the colour of the threshold that a value has reached."""
        if self.are_percentages and high > low:
            value = 100 * (value - low) / (high - low)
        reached = [color for begin, color in self.steps() if value >= begin]
        return theme.color(reached[-1] if reached else self.steps()[0][1])

    def _mapping(self, value: Value) -> Mapping[str, Any] | None:
        for mapping in self.content.get("mappings") or ():
            options = mapping.get("options") or {}
            found = _MAPPINGS.get(mapping.get("type"), _no_mapping)(options, value)
            if found is not None:
                return found
        return None


@dataclass(frozen=True)
class FieldConfig:
    """A panel's field config, for any of its fields."""

    content: Mapping[str, Any]

    def of(self, field: Field, frame: Frame) -> Config:
        """Return what is set for a field."""
        made: dict[str, Any] = copy.deepcopy(dict(self.content.get("defaults") or {}))
        for override in self.content.get("overrides") or ():
            if _matches(override.get("matcher") or {}, field, frame, str(made.get("displayName") or "")):
                for one in override.get("properties") or ():
                    _set(made, str(one["id"]), one.get("value"))
        return Config(made)


def _matches(matcher: Mapping[str, Any], field: Field, frame: Frame, named: str) -> bool:
    names = {field.shown, field.name, named}
    wanted = matcher.get("options")
    kind = matcher.get("id")
    if kind == "byName":
        return wanted in names
    if kind == "byRegexp":
        return any(re.search(str(wanted).strip("/"), name) for name in names)
    if kind == "byFrameRefID":
        return bool(wanted == frame.ref)
    if kind == "byType":
        return bool(wanted == field.kind)
    if kind == "byNames":
        listed = set((wanted or {}).get("names") or ())
        return bool(names & listed) != ((wanted or {}).get("mode") == "exclude")
    raise ValueError(f"the matcher {kind!r} of an override is not drawn")


def _set(content: dict[str, Any], path: str, value: Any) -> None:
    head, _, rest = path.partition(".")
    if rest:
        inside = content.get(head)
        content[head] = dict(inside) if isinstance(inside, Mapping) else {}
        _set(content[head], rest, value)
    else:
        content[head] = value


def _no_mapping(_: Mapping[str, Any], __: Value) -> Mapping[str, Any] | None:
    return None


def _of_value(options: Mapping[str, Any], value: Value) -> Mapping[str, Any] | None:
    text = f"{value:g}" if isinstance(value, (int, float)) else str(value)
    return options.get(text)


def _of_range(options: Mapping[str, Any], value: Value) -> Mapping[str, Any] | None:
    low, high = options.get("from"), options.get("to")
    is_in = (
        isinstance(value, (int, float))
        and (low is None or value >= float(low))
        and (high is None or value <= float(high))
    )
    return options.get("result") if is_in else None


def _of_pattern(options: Mapping[str, Any], value: Value) -> Mapping[str, Any] | None:
    is_in = isinstance(value, str) and re.search(str(options.get("pattern", "")).strip("/"), value)
    return options.get("result") if is_in else None


def _of_special(options: Mapping[str, Any], value: Value) -> Mapping[str, Any] | None:
    is_nan = isinstance(value, float) and math.isnan(value)
    fits = {
        "null": value is None,
        "nan": is_nan,
        "null+nan": value is None or is_nan,
        "empty": value == "",
        "true": value is True,
        "false": value is False,
    }
    return options.get("result") if fits.get(str(options.get("match")), False) else None


_MAPPINGS = {"value": _of_value, "range": _of_range, "regex": _of_pattern, "special": _of_special}
