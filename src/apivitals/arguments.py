"""The settings as keyword arguments, for editors and type checkers; what they mean is in `apivitals.settings`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, Literal, TypedDict

from opentelemetry.metrics import MeterProvider
from prometheus_client.registry import Collector

from apivitals.catalog import Priority


class Arguments(TypedDict, total=False):
    """Every setting, in any form that it is understood in."""

    enabled: bool
    service_name: str | None
    priorities: Mapping[str, Priority]
    default_priority: Priority
    excluded_routes: Sequence[str]
    excluded_urls: Sequence[str]
    duration_bounds_seconds: Sequence[float]
    size_bounds_bytes: Sequence[float]
    labels: Mapping[str, str]
    request_labels: Callable[[MutableMapping[str, Any]], Mapping[str, object]] | None
    request_label_names: Sequence[str]
    request_headers: Sequence[str]
    response_headers: Sequence[str]
    label_value_limit: int
    series_limit: int
    metrics_path: str | None
    metrics_port: int | bool | None
    metrics_host: str
    metrics_token: str | None
    metrics_token_file: str | os.PathLike[str] | None
    alert_webhook: str | bool | None
    alert_webhook_token: str | None
    alert_webhook_token_file: str | os.PathLike[str] | None
    disabled_sources: Sequence[Literal["host", "process", "container", "gpu", "event_loop", "gc"]]
    sample_interval_seconds: float
    blocked_loop_seconds: float | None
    gpu_processes: bool
    gpu_pcie: bool
    breakdown: bool
    libraries: Literal["auto"] | Sequence[str] | None
    trust_queue_header: bool
    worker_dir: str | os.PathLike[str] | bool | None
    registries: Sequence[Collector] | None
    opentelemetry_metrics: bool
    meter_provider: MeterProvider | None
