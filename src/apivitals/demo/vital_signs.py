"""What happened between two scrapes: throughput, response time, latency and errors, by route and by priority."""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from apivitals.demo.histogram import quantile
from apivitals.demo.machine import Machine, read_machine
from apivitals.demo.scrape import Labels, Scrape

RESPONSE_TIME = "http_server_request_duration_seconds"
LATENCY = "apivitals_http_server_time_to_first_byte_seconds"
REQUEST_BYTES = "http_server_request_body_size_bytes"
RESPONSE_BYTES = "http_server_response_body_size_bytes"
IN_FLIGHT = "http_server_active_requests"
SESSIONS_OPEN = "apivitals_websocket_server_active_sessions"
SESSION_SECONDS = "apivitals_websocket_server_session_duration_seconds"
MESSAGES = "apivitals_websocket_server_messages_total"

Key = TypeVar("Key", bound=Hashable)


class Route(NamedTuple):
    """A row of the route table. ``template`` is "" for requests that no route matched."""

    method: str
    template: str
    priority: str


class Channel(NamedTuple):
    """A WebSocket route."""

    template: str
    priority: str


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
    requests_completed: int
    """Since the service started, not only in this stretch."""
    machine: Machine


def compare(earlier: Scrape, later: Scrape) -> Report:
    """Measure what happened between two scrapes of one service.

    Raises:
        ValueError: ``later`` is not later than ``earlier``.

    """
    seconds = later.at_seconds - earlier.at_seconds
    if not seconds > 0:
        raise ValueError(f"the later scrape must be the later one: {later.at_seconds} after {earlier.at_seconds}")
    between = _Between(earlier, later, seconds)
    return Report(
        seconds=seconds,
        total=between.vital_signs(lambda _: "total").get("total", VitalSigns()),
        by_route=between.vital_signs(_route),
        by_priority=between.vital_signs(lambda labels: labels.get("priority", "")),
        channels=between.channel_vitals(),
        requests_completed=round(sum(later.values(f"{RESPONSE_TIME}_count").values())),
        machine=read_machine(earlier, later),
    )


def _route(labels: Mapping[str, str]) -> Route:
    return Route(labels.get("http_request_method", ""), labels.get("http_route", ""), labels.get("priority", ""))


def _channel(labels: Mapping[str, str]) -> Channel:
    return Channel(labels.get("http_route", ""), labels.get("priority", ""))


@dataclass(frozen=True)
class _Between:
    """Two scrapes and the seconds between them; each method sums the samples that share a key."""

    earlier: Scrape
    later: Scrape
    seconds: float

    def vital_signs(self, key_of: Callable[[Mapping[str, str]], Key]) -> dict[Key, VitalSigns]:
        found: defaultdict[Key, VitalSigns] = defaultdict(VitalSigns)
        for key, rate in self._rates(f"{RESPONSE_TIME}_count", key_of).items():
            found[key].throughput_per_second = rate
        for key, buckets in self._buckets(RESPONSE_TIME, key_of).items():
            found[key].response_time_p50_seconds = quantile(0.5, buckets)
            found[key].response_time_p95_seconds = quantile(0.95, buckets)
            found[key].response_time_p99_seconds = quantile(0.99, buckets)
        for key, buckets in self._buckets(LATENCY, key_of).items():
            found[key].latency_p95_seconds = quantile(0.95, buckets)
        by_error = self._rates(f"{RESPONSE_TIME}_count", lambda labels: (key_of(labels), labels.get("error_type", "")))
        for (key, error_type), rate in by_error.items():
            if error_type and rate:
                found[key].errors_per_second[error_type] = rate
        for key, rate in self._rates(f"{REQUEST_BYTES}_sum", key_of).items():
            found[key].request_bytes_per_second = rate
        for key, rate in self._rates(f"{RESPONSE_BYTES}_sum", key_of).items():
            found[key].response_bytes_per_second = rate
        for key, value in _sums(self.later.values(IN_FLIGHT), key_of).items():
            found[key].in_flight = round(value)
        return dict(found)

    def channel_vitals(self) -> dict[Channel, ChannelVitals]:
        found: defaultdict[Channel, ChannelVitals] = defaultdict(ChannelVitals)
        for channel, value in _sums(self.later.values(SESSIONS_OPEN), _channel).items():
            found[channel].open_sessions = round(value)
        for channel, rate in self._rates(f"{SESSION_SECONDS}_count", _channel).items():
            found[channel].closed_per_second = rate
        for channel, buckets in self._buckets(SESSION_SECONDS, _channel).items():
            found[channel].session_p50_seconds = quantile(0.5, buckets)
        by_direction = self._rates(MESSAGES, lambda labels: (_channel(labels), labels.get("network_io_direction", "")))
        for (channel, direction), rate in by_direction.items():
            if direction == "receive":
                found[channel].received_per_second = rate
            elif direction == "transmit":
                found[channel].transmitted_per_second = rate
        return dict(found)

    def _rates(self, name: str, key_of: Callable[[Mapping[str, str]], Key]) -> dict[Key, float]:
        increase = self.later.increase_since(self.earlier, name)
        return {key: total / self.seconds for key, total in _sums(increase, key_of).items()}

    def _buckets(self, name: str, key_of: Callable[[Mapping[str, str]], Key]) -> dict[Key, dict[float, float]]:
        increase = self.later.increase_since(self.earlier, f"{name}_bucket")
        found: defaultdict[Key, dict[float, float]] = defaultdict(dict)
        by_bound = _sums(increase, lambda labels: (key_of(labels), float(labels["le"])))
        for (key, bound), count in by_bound.items():
            found[key][bound] = count
        return dict(found)


def _sums(values: Mapping[Labels, float], key_of: Callable[[Mapping[str, str]], Key]) -> dict[Key, float]:
    found: defaultdict[Key, float] = defaultdict(float)
    for labels, value in values.items():
        found[key_of(dict(labels))] += value
    return dict(found)
