"""Parts of queries as text: selectors, buckets, numbers, durations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from apivitals.catalog import Metric

_DAY, _HOUR, _MINUTE = 86400, 3600, 60
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")


@dataclass(frozen=True)
class Select:
    """Writes selectors, each with the labels that the service's series have."""

    labels: Mapping[str, str]

    def __call__(self, series: Metric | str, *matchers: str, over: str = "", before: str = "") -> str:
        """Select `series`: `over` is a window, such as ``5m``, and `before` how long ago, such as ``1w``."""
        name = series if isinstance(series, str) else series.exposed
        every = ",".join(
            [*(f"{label}={quoted(value)}" for label, value in self.labels.items()), *filter(None, matchers)]
        )
        braced = f"{{{every}}}" if every else ""
        return name + braced + (f"[{over}]" if over else "") + (f" offset {before}" if before else "")


def bucket(metric: Metric) -> str:
    """Name the buckets of a histogram."""
    return f"{metric.exposed}_bucket"


def total(metric: Metric) -> str:
    """Name the sum of what a histogram observed."""
    return f"{metric.exposed}_sum"


def count(metric: Metric) -> str:
    """Name the number of a histogram's observations."""
    return f"{metric.exposed}_count"


def quoted(text: str) -> str:
    """Write a string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def le(bound: float) -> str:
    """Match one bucket: a whole bound is ``1.0`` on our page, and ``1`` where OTLP or an older Prometheus wrote it."""
    text = repr(float(bound))
    if not text.endswith(".0"):
        return f'le="{text}"'
    return f'le=~"{text[:-2]}([.]0)?"'


def glob_regex(glob: str) -> str:
    """Translate a glob over route templates to a regular expression as Prometheus anchors it."""
    parts = []
    for part in re.split(r"(\*|\?|\[[^\]]+\])", glob):
        if part == "*":
            parts.append(".*")
        elif part == "?":
            parts.append(".")
        elif part.startswith("[") and part.endswith("]"):
            parts.append(part.replace("[!", "[^", 1))
        else:
            parts.append(_SPECIAL.sub(r"\\\1", part))
    return "".join(parts)


def number(value: Decimal | float) -> str:
    """Write a number without the noise of binary fractions: 0.001, not 0.0009999999999999432."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return f"{exact.normalize():f}"


def duration(seconds: float) -> str:
    """Write a duration as Prometheus does, in the largest unit that divides it: 90 is ``90s``, 120 is ``2m``."""
    whole = round(seconds)
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if whole % unit == 0 and whole:
            return f"{whole // unit}{name}"
    return f"{whole}s"


def spelled(seconds: float) -> str:
    """Write a duration for people: ``1s``, ``500ms``, ``2.5s``."""
    return f"{number(seconds)}s" if seconds >= 1 else f"{number(Decimal(repr(float(seconds))) * 1000)}ms"
