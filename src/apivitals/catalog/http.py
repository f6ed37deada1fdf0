"""Requests and WebSocket sessions."""

from __future__ import annotations

from apivitals.catalog.metric import Kind, Metric

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
# With the three times that default objectives compare with and that are not among them.
RESPONSE_TIME_BOUNDS_SECONDS = tuple(sorted((*DURATION_BOUNDS_SECONDS, 0.2, 2.0, 30.0)))
SIZE_BOUNDS_BYTES = (0.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8)
_SESSION_BOUNDS_SECONDS = (0.1, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)

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
    RESPONSE_TIME_BOUNDS_SECONDS,
)
TIME_TO_FIRST_BYTE = Metric(
    "apivitals.http.server.time_to_first_byte",
    Kind.HISTOGRAM,
    "s",
    "Latency: from the request reaching the application to the start of its response.",
    _REQUEST,
    RESPONSE_TIME_BOUNDS_SECONDS,
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
