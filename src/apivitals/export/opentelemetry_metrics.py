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

from apivitals.export.native_metrics import NativeMetrics

# What these measure of requests is on the page already, right and under the same names.
_SERVER_METERS = ("fastapi", "opentelemetry.instrumentation.fastapi", "opentelemetry.instrumentation.asgi")


def is_unset(provider: ApiMeterProvider) -> bool:
    """Whether this is the API's stand-in for a provider that nobody has set; the API has no word for it."""
    return type(provider).__module__.startswith("opentelemetry.metrics.") and "Proxy" in type(provider).__name__


class OpenTelemetryMetrics:
    """A registry with whatever a meter provider's instruments hold: the one that is given, else the global one."""

    def __init__(self, resource: Resource, native: NativeMetrics, given: ApiMeterProvider | None = None) -> None:
        self.registry = CollectorRegistry()
        self.own_provider: MeterProvider | None = None
        """The global provider, if it was set here: nobody else exports what it holds."""
        self._native = native
        self._resource = resource
        self._given = given
        self._reader: PrometheusMetricReader | None = None
        self._provider: Any = None

    def attach(self) -> None:
        """Read the provider from now on; set the global one first if there is none.

        Because of that, or of the given one, FastAPI would measure too what is measured already.
        """
        provider: Any = metrics.get_meter_provider()
        if self._given is not None and not is_unset(self._given):
            provider = self._given
        ours = self._given is None and is_unset(provider)
        if ours or self._given is not None:
            self._native.silence()
        if not ours and not hasattr(provider, "add_metric_reader"):
            return  # not the SDK's, or switched off: there is nothing to read
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
            self.own_provider = provider
        # Not given to the constructor: such a reader is shut down at exit even after it has been removed
        provider.add_metric_reader(self._reader)
        self._provider = provider

    def detach(self) -> None:
        """Stop reading. A provider set here stays, since nothing can unset one, and records for nobody."""
        self._native.restore()
        if self._reader is not None:
            self._provider.remove_metric_reader(self._reader)
            self._reader = None
