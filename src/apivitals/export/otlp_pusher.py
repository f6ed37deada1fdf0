"""The thread that pushes our metrics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    InMemoryMetricReader,
    Metric,
    MetricsData,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from apivitals.errors import ErrorLog
from apivitals.export.otlp_data import as_opentelemetry
from apivitals.export.otlp_delivery import Delivery, Ending
from apivitals.families import Family
from apivitals.version import __version__

_SCOPE = InstrumentationScope("apivitals", __version__)


class ApiMetrics:
    """What the instruments of a meter provider of ours hold: metrics that others made with the OpenTelemetry API.

    They go out with our own, in one push, so there is neither a second thread nor a second connection.
    """

    def __init__(self, provider: MeterProvider) -> None:
        self._provider = provider
        self._reader = InMemoryMetricReader()
        provider.add_metric_reader(self._reader)

    def collect(self) -> Iterator[ScopeMetrics]:
        """Yield them by scope, cumulative."""
        data = self._reader.get_metrics_data()
        for of_resource in data.resource_metrics if data is not None else ():
            yield from of_resource.scope_metrics

    def close(self) -> None:
        """Leave the provider."""
        self._provider.remove_metric_reader(self._reader)


class Pusher:
    """Collects, converts and pushes every `interval_seconds`, and once more when it is told to end.

    `started_ns` is when counting began, in Unix nanoseconds; it stays the same in every push.
    """

    def __init__(  # noqa: PLR0913  # each a part of its own, and made in one place
        self,
        delivery: Delivery,
        resource: Resource,
        collect: Callable[[], Iterable[Family]],
        api_metrics: ApiMetrics | None,
        errors: ErrorLog,
        *,
        interval_seconds: float,
        started_ns: int,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._delivery = delivery
        self._resource = resource
        self._collect = collect
        self._api_metrics = api_metrics
        self._errors = errors
        self._interval = min(interval_seconds, threading.TIMEOUT_MAX)
        self._started_ns = started_ns
        self._clock_ns = clock_ns
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="apivitals-otlp", daemon=True)
        self._thread.start()

    def end(self) -> Ending:
        """Let the thread push once more and end."""
        self._delivery.retry_no_more()
        self._end.set()
        return Ending(self._thread, self._delivery)

    def _run(self) -> None:
        while not self._end.wait(self._interval):
            self._push()
        self._push()
        self._delivery.close()
        if self._api_metrics is not None:
            self._api_metrics.close()

    def _push(self) -> None:
        try:
            scopes = list(self._scopes())
        except Exception as error:  # noqa: BLE001  # the next push may go better
            self._errors.caught("otlp", error)
            return
        if scopes:
            schema_url = self._resource.schema_url
            self._delivery.push(MetricsData([ResourceMetrics(self._resource, scopes, schema_url)]))

    def _scopes(self) -> Iterator[ScopeMetrics]:
        metrics = list(self._metrics())
        if metrics:
            yield ScopeMetrics(_SCOPE, metrics, schema_url="")
        if self._api_metrics is not None:
            try:
                yield from self._api_metrics.collect()
            except Exception as error:  # noqa: BLE001  # an observable instrument's callback costs these, not ours
                self._errors.caught("otlp", error)

    def _metrics(self) -> Iterator[Metric]:
        now_ns = self._clock_ns()
        for family in self._collect():
            try:
                metric = as_opentelemetry(family, self._started_ns, now_ns)
            except Exception as error:  # noqa: BLE001  # a family that cannot be converted costs itself
                self._errors.caught("otlp", error)
                continue
            if metric is not None:
                yield metric
            time.sleep(0)  # hand the interpreter to the thread that serves requests
