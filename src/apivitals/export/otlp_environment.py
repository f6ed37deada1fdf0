"""What OpenTelemetry's environment variables say about pushing, and what is wrong with them.

https://opentelemetry.io/docs/specs/otel/protocol/exporter/
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/

Headers, certificates, compression and time-outs are read by the exporters themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from math import isfinite
from typing import Any, Literal
from urllib.parse import urlsplit

Signal = Literal["metrics", "traces"]

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"
_INTERVAL = "OTEL_METRIC_EXPORT_INTERVAL"
_EXPORT_TIMEOUT = "OTEL_METRIC_EXPORT_TIMEOUT"
_TEMPORALITY = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
_DEFAULT_PROTOCOL = "http/protobuf"
_DEFAULT_ENDPOINT = {"grpc": "http://localhost:4317", "http/protobuf": "http://localhost:4318"}
_DEFAULT_INTERVAL_SECONDS = 60.0
_DEFAULT_EXPORT_TIMEOUT_SECONDS = 30.0
_DEFAULT_TIMEOUT_SECONDS = 10.0  # of the exporters
_PACKAGE = {"grpc": "opentelemetry.exporter.otlp.proto.grpc", "http/protobuf": "opentelemetry.exporter.otlp.proto.http"}
_EXPORTER = {"metrics": ("metric_exporter", "OTLPMetricExporter"), "traces": ("trace_exporter", "OTLPSpanExporter")}
# What opentelemetry-python calls its exporters, beside the specification's "otlp"
_EXPORTER_NAMES = {"otlp": None, "otlp_proto_grpc": "grpc", "otlp_proto_http": "http/protobuf"}


@dataclass(frozen=True)
class Target:
    """Where one signal goes, and how. `collector` is a URL without path or password, for messages."""

    signal: Signal
    protocol: str
    collector: str

    def exporter_class(self) -> Any:
        """Import the exporter.

        Raises:
            ImportError: it is not installed.
        """
        if self.protocol == _DEFAULT_PROTOCOL:
            import_module("requests")  # which the exporter does when it is made: 30 ms, in the event loop
        module, name = _EXPORTER[self.signal]
        return getattr(import_module(f"{_PACKAGE[self.protocol]}.{module}"), name)


@dataclass(frozen=True)
class Variables:
    """What to push, where, and how often; `problems` are sentences for the log.

    `timeout_seconds` is None where the exporter's own, from ``OTEL_EXPORTER_OTLP_TIMEOUT``, is to stay.
    """

    targets: tuple[Target, ...]
    interval_seconds: float
    timeout_seconds: float | None
    problems: tuple[str, ...]


def read(environ: Mapping[str, str]) -> Variables:
    """Read them. Nothing is pushed that no endpoint and no ``OTEL_..._EXPORTER=otlp`` asks for."""
    given = {key: value.strip() for key, value in environ.items() if value.strip()}
    problems: list[str] = []
    if given.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return Variables((), _DEFAULT_INTERVAL_SECONDS, None, ())
    found = (_target("metrics", given, problems), _target("traces", given, problems))
    targets = tuple(target for target in found if target is not None)
    interval, timeout = _DEFAULT_INTERVAL_SECONDS, None
    if any(target.signal == "metrics" for target in targets):
        interval = _seconds(_INTERVAL, given, _DEFAULT_INTERVAL_SECONDS, problems)
        timeout = _shorter_timeout(_seconds(_EXPORT_TIMEOUT, given, _DEFAULT_EXPORT_TIMEOUT_SECONDS, problems), given)
        if given.get(_TEMPORALITY, "cumulative").lower() != "cumulative":
            problems.append(
                f"{_TEMPORALITY}={given[_TEMPORALITY]}: apivitals pushes metrics cumulative all the same; "
                f"a collector's cumulativetodelta processor converts them"
            )
    return Variables(targets, interval, timeout, tuple(problems))


def _target(signal: Signal, given: Mapping[str, str], problems: list[str]) -> Target | None:
    upper = signal.upper()
    endpoint = given.get(f"OTEL_EXPORTER_OTLP_{upper}_ENDPOINT") or given.get(_ENDPOINT)
    exporters = given.get(f"OTEL_{upper}_EXPORTER")
    if exporters is None and endpoint is None:
        return None
    wanted = [] if exporters is None else [name.strip().lower() for name in exporters.split(",")]
    ours = next((name for name in wanted if name in _EXPORTER_NAMES), None)
    if exporters is not None and ours is None:
        return None
    own = f"OTEL_EXPORTER_OTLP_{upper}_PROTOCOL"
    variable = own if own in given else _PROTOCOL
    protocol = (ours and _EXPORTER_NAMES[ours]) or given.get(variable, _DEFAULT_PROTOCOL).lower()
    if protocol not in _PACKAGE:
        problems.append(f"{variable}={protocol}: should be grpc or http/protobuf; {signal} are not pushed")
        return None
    return Target(signal, protocol, _without_path(endpoint or _DEFAULT_ENDPOINT[protocol]))


def _without_path(endpoint: str) -> str:
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return "an endpoint that is no URL"
    host = (parts.netloc or endpoint).rpartition("@")[2]
    return f"{parts.scheme}://{host}" if parts.netloc else host


def _seconds(variable: str, given: Mapping[str, str], default: float, problems: list[str]) -> float:
    text = given.get(variable)
    if text is None:
        return default
    try:
        seconds = float(text) / 1000
    except ValueError:
        seconds = 0.0
    if not (seconds > 0 and isfinite(seconds)):
        problems.append(f"{variable}={text}: should be milliseconds, more than 0; {default * 1000:.0f} are used")
        return default
    return seconds


def _shorter_timeout(limit: float, given: Mapping[str, str]) -> float | None:
    """Return `limit` if it is shorter than the exporter's time-out, which Python's takes in seconds."""
    text = given.get("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT") or given.get("OTEL_EXPORTER_OTLP_TIMEOUT")
    try:
        own = _DEFAULT_TIMEOUT_SECONDS if text is None else float(text)
    except ValueError:
        return None  # the exporter says so
    return limit if limit < own else None
