"""Every metric, declared once: instruments, the reference in the docs, rules and dashboards take their names from here.

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


_UNIT_SUFFIX = {"s": "seconds", "By": "bytes"}
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


# OpenTelemetry's advice for request durations, and two bounds below it: half of what FastAPI serves takes less than
# 5 ms, and a p50 interpolated in one bucket from 0 to 5 ms says 2.5 ms of all of it.
DURATION_BOUNDS_SECONDS = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.25,
    0.5,
    0.75,
    1.0,
    2.5,
    5.0,
    7.5,
    10.0,
)
SIZE_BOUNDS_BYTES = (0.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8)
_SESSION_BOUNDS_SECONDS = (0.1, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)
_RENDER_BOUNDS_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

ROUTE, PRIORITY, ERROR_TYPE = "http.route", "priority", "error.type"
METHOD, STATUS, SCHEME = "http.request.method", "http.response.status_code", "url.scheme"
CLOSE_CODE, DIRECTION = "websocket.close_code", "network.io.direction"

_REQUEST = (METHOD, ROUTE, STATUS, SCHEME, ERROR_TYPE, PRIORITY)
_IN_FLIGHT = (METHOD, SCHEME, ROUTE, PRIORITY)

REQUEST_DURATION = Metric(
    "http.server.request.duration",
    Kind.HISTOGRAM,
    "s",
    "Response time: from the request reaching the application to the last body byte handed to the server.",
    _REQUEST,
    DURATION_BOUNDS_SECONDS,
)
TIME_TO_FIRST_BYTE = Metric(
    "apivitals.http.server.time_to_first_byte",
    Kind.HISTOGRAM,
    "s",
    "Latency: from the request reaching the application to the start of its response.",
    _REQUEST,
    DURATION_BOUNDS_SECONDS,
)
REQUEST_BODY_SIZE = Metric(
    "http.server.request.body.size",
    Kind.HISTOGRAM,
    "By",
    "Size of the request body, counted from the chunks that the application read.",
    _REQUEST,
    SIZE_BOUNDS_BYTES,
)
RESPONSE_BODY_SIZE = Metric(
    "http.server.response.body.size",
    Kind.HISTOGRAM,
    "By",
    "Size of the response body, counted from the chunks handed to the server.",
    _REQUEST,
    SIZE_BOUNDS_BYTES,
)
ACTIVE_REQUESTS = Metric(
    "http.server.active_requests",
    Kind.GAUGE,
    "{request}",
    "Requests in flight; without a route while the router has not matched one.",
    _IN_FLIGHT,
)
OLDEST_ACTIVE_REQUEST = Metric(
    "apivitals.http.server.active_requests.max_age",
    Kind.GAUGE,
    "s",
    "Age of the oldest request in flight, 0 when there is none.",
    _IN_FLIGHT,
)
WEBSOCKET_SESSIONS = Metric(
    "apivitals.websocket.server.active_sessions",
    Kind.GAUGE,
    "{session}",
    "WebSocket sessions that are open.",
    (ROUTE, PRIORITY),
)
WEBSOCKET_DURATION = Metric(
    "apivitals.websocket.server.session.duration",
    Kind.HISTOGRAM,
    "s",
    "Duration of ended WebSocket sessions, by the code they were closed with.",
    (ROUTE, PRIORITY, CLOSE_CODE, ERROR_TYPE),
    _SESSION_BOUNDS_SECONDS,
)
WEBSOCKET_MESSAGES = Metric(
    "apivitals.websocket.server.messages",
    Kind.COUNTER,
    "{message}",
    "WebSocket messages, each way.",
    (ROUTE, PRIORITY, DIRECTION),
)
INTERNAL_SERIES = Metric("apivitals.internal.series", Kind.GAUGE, "{series}", "Series held, by metric.", ("metric",))
INTERNAL_DROPPED = Metric(
    "apivitals.internal.dropped_label_sets",
    Kind.COUNTER,
    "{observation}",
    'Observations whose label set was past the series limit and which were counted under otel_metric_overflow="true".',
    ("metric",),
)
INTERNAL_ERRORS = Metric(
    "apivitals.internal.errors",
    Kind.COUNTER,
    "{error}",
    "Errors of the instrumentation itself, each caught and logged; the requests went on.",
    ("operation",),
)
RENDER_DURATION = Metric(
    "apivitals.internal.render.duration",
    Kind.HISTOGRAM,
    "s",
    "Time taken to render this page, the event loop's other work included.",
    (),
    _RENDER_BOUNDS_SECONDS,
)
TARGET_INFO = Metric("target", Kind.INFO, "", "The OpenTelemetry resource that these metrics describe.")
BUILD_INFO = Metric(
    "apivitals.build_info",
    Kind.GAUGE,
    "",
    "Versions of apivitals and of what it runs on.",
    ("version", "python.version", "python.implementation", "fastapi.version", "starlette.version"),
)

CATALOG = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
