"""What happened between two scrapes: throughput, response time, latency and errors, by route and by priority."""

import math
from collections import defaultdict
from dataclasses import dataclass, field

from apivitals.demo.between import Between, Key, KeyOf
from apivitals.demo.breakdown import COMPONENT_CALLS, COMPONENT_TIME, Breakdown, read_breakdowns
from apivitals.demo.histogram import quantile
from apivitals.demo.inference import Inference, Model, read_inference
from apivitals.demo.machine import Machine, read_machine
from apivitals.demo.operations import CacheVitals, Operation, OperationVitals, read_caches, read_operations
from apivitals.demo.route import Channel, Route, channel_of, route_of
from apivitals.demo.scrape import Scrape

RESPONSE_TIME = "http_server_request_duration_seconds"
LATENCY = "apivitals_http_server_time_to_first_byte_seconds"
REQUEST_BYTES = "http_server_request_body_size_bytes"
RESPONSE_BYTES = "http_server_response_body_size_bytes"
IN_FLIGHT = "http_server_active_requests"
SESSIONS_OPEN = "apivitals_websocket_server_active_sessions"
SESSION_SECONDS = "apivitals_websocket_server_session_duration_seconds"
MESSAGES = "apivitals_websocket_server_messages_total"
NOT_READ = tuple(f"{name}_bucket" for name in (COMPONENT_TIME, COMPONENT_CALLS, REQUEST_BYTES, RESPONSE_BYTES))
"""Half of a page's samples, and nothing here is made of them."""


@dataclass
class VitalSigns:
    """The numbers of one route, one priority or the whole service. Times in seconds, NaN where nothing was seen."""

    throughput_per_second: float = 0.0
    response_time_p50_seconds: float = math.nan
    response_time_p95_seconds: float = math.nan
    response_time_p99_seconds: float = math.nan
    latency_p95_seconds: float = math.nan
    errors_per_second: dict[str, float] = field(default_factory=dict)
    """By ``error.type``; only those that occurred."""
    request_bytes_per_second: float = 0.0
    response_bytes_per_second: float = 0.0
    in_flight: int = 0

    @property
    def error_percent(self) -> float:
        """Errors as a share of the completed requests, in percent; NaN where none completed."""
        if not self.throughput_per_second:
            return math.nan
        return 100 * sum(self.errors_per_second.values()) / self.throughput_per_second


@dataclass
class ChannelVitals:
    """The numbers of one WebSocket route."""

    open_sessions: int = 0
    closed_per_second: float = 0.0
    session_p50_seconds: float = math.nan
    received_per_second: float = 0.0
    transmitted_per_second: float = 0.0


@dataclass
class Report:
    """Everything that the view shows of one stretch of time."""

    seconds: float
    total: VitalSigns
    by_route: dict[Route, VitalSigns]
    by_priority: dict[str, VitalSigns]
    channels: dict[Channel, ChannelVitals]
    breakdowns: dict[Route, Breakdown]
    models: dict[Model, Inference]
    operations: dict[Operation, OperationVitals]
    caches: dict[str, CacheVitals]
    requests_completed: int
    """Since the service started, not only in this stretch."""
    machine: Machine


def compare(earlier: Scrape, later: Scrape) -> Report:
    """Measure what happened between two scrapes of one service.

    Raises:
        ValueError: ``later`` is not later than ``earlier``.

    """
    between = Between(earlier, later)
    return Report(
        seconds=between.seconds,
        total=_vital_signs(between, lambda _: "total").get("total", VitalSigns()),
        by_route=_vital_signs(between, route_of),
        by_priority=_vital_signs(between, lambda labels: labels.get("priority", "")),
        channels=_channel_vitals(between),
        breakdowns=read_breakdowns(between),
        models=read_inference(between),
        operations=read_operations(between),
        caches=read_caches(between),
        requests_completed=round(sum(later.values(f"{RESPONSE_TIME}_count").values())),
        machine=read_machine(earlier, later),
    )


def _vital_signs(between: Between, key_of: KeyOf[Key]) -> dict[Key, VitalSigns]:
    found: defaultdict[Key, VitalSigns] = defaultdict(VitalSigns)
    for key, rate in between.rates(f"{RESPONSE_TIME}_count", key_of).items():
        found[key].throughput_per_second = rate
    for key, buckets in between.buckets(RESPONSE_TIME, key_of).items():
        found[key].response_time_p50_seconds = quantile(0.5, buckets)
        found[key].response_time_p95_seconds = quantile(0.95, buckets)
        found[key].response_time_p99_seconds = quantile(0.99, buckets)
    for key, buckets in between.buckets(LATENCY, key_of).items():
        found[key].latency_p95_seconds = quantile(0.95, buckets)
    by_error = between.rates(f"{RESPONSE_TIME}_count", lambda labels: (key_of(labels), labels.get("error_type", "")))
    for (key, error_type), rate in by_error.items():
        if error_type and rate:
            found[key].errors_per_second[error_type] = rate
    for key, rate in between.rates(f"{REQUEST_BYTES}_sum", key_of).items():
        found[key].request_bytes_per_second = rate
    for key, rate in between.rates(f"{RESPONSE_BYTES}_sum", key_of).items():
        found[key].response_bytes_per_second = rate
    for key, value in between.latest(IN_FLIGHT, key_of).items():
        found[key].in_flight = round(value)
    return dict(found)


def _channel_vitals(between: Between) -> dict[Channel, ChannelVitals]:
    found: defaultdict[Channel, ChannelVitals] = defaultdict(ChannelVitals)
    for channel, value in between.latest(SESSIONS_OPEN, channel_of).items():
        found[channel].open_sessions = round(value)
    for channel, rate in between.rates(f"{SESSION_SECONDS}_count", channel_of).items():
        found[channel].closed_per_second = rate
    for channel, buckets in between.buckets(SESSION_SECONDS, channel_of).items():
        found[channel].session_p50_seconds = quantile(0.5, buckets)
    by_direction = between.rates(MESSAGES, lambda labels: (channel_of(labels), labels.get("network_io_direction", "")))
    for (channel, direction), rate in by_direction.items():
        if direction == "receive":
            found[channel].received_per_second = rate
        elif direction == "transmit":
            found[channel].transmitted_per_second = rate
    return dict(found)
