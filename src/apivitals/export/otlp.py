"""Metrics and traces pushed to a collector by OTLP, configured by OpenTelemetry's environment variables only."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource, ServiceInstanceIdResourceDetector

from apivitals.errors import ErrorLog, logger
from apivitals.export import otlp_environment
from apivitals.export.otlp_delivery import Delivery, Ending, Outages, hear_exporters
from apivitals.export.otlp_environment import Target, Variables
from apivitals.export.otlp_pusher import ApiMetrics, Pusher
from apivitals.export.otlp_traces import spans
from apivitals.families import Family

STOP_SECONDS = 5.0
# gRPC servers take 4 MiB at most unless told otherwise; a point of 16 bounds with exemplars is 1.5 KB
_POINTS_A_REQUEST = 2000


def from_environment(
    environ: Mapping[str, str], resource: Resource, collect: Callable[[], Iterable[Family]], errors: ErrorLog
) -> Otlp | None:
    """Make what pushes, or None if the variables ask for nothing, which then costs nothing, not even an import.

    What is wrong with them is a warning. `environ` is the process's: the exporters read some variables themselves.
    `collect` is called in a thread.
    """
    variables = otlp_environment.read(environ)
    for problem in variables.problems:
        logger.warning("%s", problem)
    makers: dict[Target, Any] = {}
    missing: dict[str, str] = {}
    for target in variables.targets:
        try:
            makers[target] = target.exporter_class()
        except ImportError as error:
            missing[target.protocol] = str(error)
    for protocol, why in missing.items():
        logger.warning(
            "OpenTelemetry's variables ask for a push by %s, which needs: pip install 'apivitals[otlp]' (%s)",
            protocol,
            why,
        )
    return Otlp(variables, makers, resource, collect, errors) if makers else None


class Otlp:
    """Pushes between `start` and `stop`, which may follow each other again and again.

    The exporters and their threads are made by `start`: in the worker, after any fork.
    """

    def __init__(
        self,
        variables: Variables,
        makers: Mapping[Target, Callable[..., Any]],
        resource: Resource,
        collect: Callable[[], Iterable[Family]],
        errors: ErrorLog,
    ) -> None:
        self._variables = variables
        self._makers = makers
        self._resource = resource
        self._collect = collect
        self._errors = errors
        self._outages = Outages()
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._started_ns = time.time_ns()
        self._ends: list[Callable[[], Ending | None]] = []

    def start(self, own_provider: MeterProvider | None = None) -> None:
        """Begin to push; called when the service has started, by when a user has set a tracer provider if ever.

        `own_provider` is a meter provider that was set by us, so that nobody else exports what it holds.
        """
        with self._lock:
            if os.getpid() != self._process:
                self._forked()
            if self._ends:
                return
            hear_exporters()
            for target in self._makers:
                try:
                    if target.signal == "metrics":
                        self._ends.append(self._pusher(target, own_provider).end)
                    elif spans.begin(self._resource, partial(self._delivery, target), self._outages):
                        self._ends.append(spans.end)
                except Exception as error:  # noqa: BLE001  # a variable that an exporter refuses, say
                    self._errors.caught("otlp", error)
            atexit.register(self.stop)  # for a server without a lifespan, which never calls it

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """Push once more and end; it blocks for `timeout` seconds at most, and gives up what has not arrived then."""
        with self._lock:
            ends, self._ends = self._ends, []
        atexit.unregister(self.stop)
        if os.getpid() != self._process:
            return
        deadline = time.monotonic() + timeout
        for ending in [ending for ending in (end() for end in ends) if ending is not None]:
            ending.thread.join(max(0.0, deadline - time.monotonic()))
            if ending.thread.is_alive():
                ending.delivery.give_up(timeout)

    def _forked(self) -> None:
        """Count from here, under an instance id of this process, as the SDK's providers do after a fork."""
        self._process = os.getpid()
        self._started_ns = time.time_ns()
        self._resource = self._resource.merge(ServiceInstanceIdResourceDetector().detect())
        self._ends = []

    def _pusher(self, target: Target, own_provider: MeterProvider | None) -> Pusher:
        options: dict[str, Any] = {"max_export_batch_size": _POINTS_A_REQUEST}
        if self._variables.timeout_seconds is not None:
            options["timeout"] = self._variables.timeout_seconds
        return Pusher(
            self._delivery(target, **options),
            self._resource,
            self._collect,
            None if own_provider is None else ApiMetrics(own_provider),
            self._errors,
            interval_seconds=self._variables.interval_seconds,
            started_ns=self._started_ns,
        )

    def _delivery(self, target: Target, **options: Any) -> Delivery:
        return Delivery(target, self._makers[target](**options), self._outages, self._errors)
