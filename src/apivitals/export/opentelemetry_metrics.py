"""Metrics that others make with the OpenTelemetry API, brought to our page by opentelemetry-exporter-prometheus.

The reader is attached when the service has started, not when it is instrumented: a meter provider can be set only once
in a process, and one that the user sets in the lifespan must not come second to ours.
"""

from __future__ import annotations

from typing import Any

from opentelemetry import metrics
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import MeterProvider as ApiMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.view import DropAggregation, View
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry

# What these measure of requests is on the page already, right and under the same names.
_SERVER_METERS = ("fastapi", "opentelemetry.instrumentation.fastapi", "opentelemetry.instrumentation.asgi")


def is_unset(provider: ApiMeterProvider) -> bool:
    """Whether this is the API's stand-in for a provider that nobody has set; the API has no word for it."""
    return type(provider).__module__.startswith("opentelemetry.metrics.") and "Proxy" in type(provider).__name__


class OpenTelemetryMetrics:
    """A registry with whatever a meter provider's instruments hold: the one that is given, else the global one."""

    def __init__(self, resource: Resource, given: ApiMeterProvider | None = None) -> None:
        self.registry = CollectorRegistry()
        self._resource = resource
        self._given = given
        self._reader: PrometheusMetricReader | None = None
        self._provider: Any = None

    def attach(self) -> bool:
        """Read the global provider from now on; set one first if there is none. Whether it was set here."""
        provider: Any = metrics.get_meter_provider()
        if self._given is not None and not is_unset(self._given):
            provider = self._given
        ours = self._given is None and is_unset(provider)
        if not ours and not hasattr(provider, "add_metric_reader"):
            return False  # not the SDK's, or switched off: there is nothing to read
        self._reader = PrometheusMetricReader(
            disable_target_info=True, scope_info_enabled=False, registry=self.registry
        )
        if ours:
            provider = MeterProvider(
                resource=self._resource,
                views=[
                    View(instrument_name="http.server.*", meter_name=meter, aggregation=DropAggregation())
                    for meter in _SERVER_METERS
                ],
            )
            metrics.set_meter_provider(provider)
        # Not given to the constructor: such a reader is shut down at exit even after it has been removed
        provider.add_metric_reader(self._reader)
        self._provider = provider
        return ours

    def detach(self) -> None:
        """Stop reading. A provider set here stays, since nothing can unset one, and records for nobody."""
        if self._reader is not None:
            self._provider.remove_metric_reader(self._reader)
            self._reader = None
