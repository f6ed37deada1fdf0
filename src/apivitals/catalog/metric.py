"""What a metric's declaration says, and how its name reads in Prometheus.

Names are OpenTelemetry's where its semantic conventions have one, else under ``apivitals.``. What a scrape shows is
their translation to Prometheus, as the OpenTelemetry specification defines it, so that rules fit scraped metrics and
ones pushed by OTLP alike:
https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Literal, get_args

Priority = Literal["critical", "high", "medium", "low"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)


class Kind(Enum):
    """What a metric's value means, and what it is called in the exposition formats."""

    HISTOGRAM = "histogram"
    COUNTER = "counter"
    GAUGE = "gauge"
    INFO = "info"


# As opentelemetry-exporter-prometheus has them. A ratio's unit, "1", adds nothing, and neither does a {thing}.
_UNIT_SUFFIX = {
    "s": "seconds",
    "By": "bytes",
    "W": "watts",
    "J": "joules",
    "Cel": "celsius",
    "Hz": "hertz",
    "By/s": "bytes_per_second",
}
_NOT_IN_METRIC_NAME = re.compile(r"[^a-zA-Z0-9_:]+")
_NOT_IN_LABEL_NAME = re.compile(r"[^a-zA-Z0-9_]+")


def label_name(attribute: str) -> str:
    """Translate an OpenTelemetry attribute name to a Prometheus label name: ``http.route`` to ``http_route``."""
    name = _NOT_IN_LABEL_NAME.sub("_", attribute)
    return f"_{name}" if name[:1].isdigit() else name


@dataclass(frozen=True)
class Metric:
    """One metric family's declaration. Units are UCUM, as in OpenTelemetry: ``s``, ``By``, ``{request}``."""

    name: str
    kind: Kind
    unit: str
    help: str
    attributes: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()

    @property
    def unit_suffix(self) -> str:
        """The unit as Prometheus spells it, or nothing for a count of things."""
        return _UNIT_SUFFIX.get(self.unit, "")

    @property
    def family(self) -> str:
        """The family's name in OpenMetrics: with its unit, without ``_total`` or ``_info``."""
        name = _NOT_IN_METRIC_NAME.sub("_", self.name)
        suffix = self.unit_suffix
        return name if not suffix or name.endswith(f"_{suffix}") else f"{name}_{suffix}"

    @property
    def exposed(self) -> str:
        """The name of its samples; a histogram's go on with ``_bucket``, ``_sum`` and ``_count``."""
        return self.family + {Kind.COUNTER: "_total", Kind.INFO: "_info"}.get(self.kind, "")

    @property
    def label_names(self) -> tuple[str, ...]:
        """The attributes as Prometheus label names, in the order of declaration."""
        return tuple(map(label_name, self.attributes))
