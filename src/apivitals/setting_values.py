"""What the values of settings may be: types with their checks."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from apivitals import route_pattern

MOST_BOUNDS = 100
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_ON, _OFF = {"on", "true", "yes"}, {"off", "none", "no", "false"}


def _bounds(values: tuple[float, ...]) -> tuple[float, ...]:
    if not 0 < len(values) <= MOST_BOUNDS:
        raise ValueError(f"give 1 to {MOST_BOUNDS} bounds, not {len(values)}")
    if not all(math.isfinite(value) and value >= 0 for value in values):
        raise ValueError("bounds are finite and not negative; the bucket up to +Inf is there anyway")
    if any(low >= high for low, high in pairwise(values)):
        raise ValueError("bounds increase from one to the next")
    return values


def _path(value: str) -> str:
    if not value.startswith("/") or value == "/" or value.endswith("/") or set(value) & set("?#{}\0 "):
        raise ValueError('a path begins with "/", goes on, and has no parameter, query or last "/": /metrics')
    return value


def _label(value: str) -> str:
    if not _LABEL.fullmatch(value) or value.startswith("__"):
        raise ValueError(f"{value!r} is no label name: letters, digits, underscores and dots, no digit or __ in front")
    return value


def _header(value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise ValueError(f"{value!r} is no header name: x-tenant")
    return value


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from None
    return value


def _registry(value: Any) -> Any:
    if not callable(getattr(value, "collect", None)):
        raise ValueError(f"{value!r} is no prometheus-client registry")  # noqa: TRY004  # pydantic reports ValueError
    return value


def off(value: Any) -> Any:
    """Take what stands for off as None."""
    # YAML 1.1 reads `off` without quotes as a boolean
    return None if value is False or (isinstance(value, str) and value.lower() in _OFF) else value


def on_or_off(default: Any, value: Any) -> Any:
    """Take what stands for on as `default`, and what stands for off as None."""
    is_on = value is True or (isinstance(value, str) and value.lower() in _ON)
    return default if is_on else off(value)


def _worker_dir(value: Any) -> Any:
    return "off" if value is False or (off(value) is None and value is not None) else value


def _libraries(value: Any) -> Any:
    if value is None or value is False:
        return ()
    names = (value,) if isinstance(value, str) else tuple(value)
    return () if len(names) == 1 and str(names[0]).lower() in _OFF else names


def _meter_provider(value: Any) -> Any:
    if value is not None and not callable(getattr(value, "get_meter", None)):
        raise ValueError(f"{value!r} is no OpenTelemetry meter provider")
    return value


OwnPath = Annotated[str, AfterValidator(_path)]
SourceName = Literal["host", "process", "container", "gpu", "event_loop", "gc"]
Registry = Annotated[Any, AfterValidator(_registry)]
Bounds = Annotated[tuple[float, ...], AfterValidator(_bounds)]
Label = Annotated[str, AfterValidator(_label)]
Header = Annotated[str, AfterValidator(_header)]
Regex = Annotated[str, AfterValidator(_regex)]
WorkerDir = Annotated[Literal["off"] | Path | None, BeforeValidator(_worker_dir)]
Libraries = Annotated[tuple[str, ...], BeforeValidator(_libraries)]
MeterProvider = Annotated[Any, AfterValidator(_meter_provider)]
RoutePattern = Annotated[str, AfterValidator(route_pattern.checked)]
