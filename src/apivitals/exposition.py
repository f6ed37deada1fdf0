"""How one application's metrics get out: its page, a port of its own, the other workers, OTLP, a meter provider."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any

import prometheus_client
from opentelemetry.sdk.resources import SERVICE_NAME, Resource

from apivitals.errors import ErrorLog
from apivitals.export import otlp
from apivitals.export.contents import PROCESS_WIDE, Collect, Contents, health
from apivitals.export.duties import Duties
from apivitals.export.endpoint import MetricsEndpoint
from apivitals.export.foreign import Foreign, Source
from apivitals.export.information import Information
from apivitals.export.native_metrics import NativeMetrics
from apivitals.export.observed import Observed
from apivitals.export.opentelemetry_metrics import OpenTelemetryMetrics
from apivitals.export.own_port import OwnPort
from apivitals.export.page import MetricsPage
from apivitals.export.token import BearerToken
from apivitals.families import Family
from apivitals.lifecycle import Part
from apivitals.operations.meter import OPERATIONS
from apivitals.settings import DEFAULT_PATH, Settings
from apivitals.sources.background import Background
from apivitals.store import Backend, Store
from apivitals.tracing.stand_in import STAND_IN
from apivitals.workers.membership import MEMBERSHIP

_APPLICATIONS = count()
"""Numbers of the process' applications, in the order in which they are instrumented: their modules' in every worker."""


class Exposition:
    """Everything that shows what `backend` and the sources have. `in_flight` yields the requests in flight."""

    def __init__(  # noqa: PLR0913  # what it brings together
        self,
        app: Any,
        settings: Settings,
        resource: Resource,
        backend: Backend,
        *,
        in_flight: Collect,
        errors: ErrorLog,
    ) -> None:
        self._settings = settings
        self._errors = errors
        self._service = str(resource.attributes.get(SERVICE_NAME, ""))
        self._background = background = Background(settings, backend)
        self._opentelemetry = None
        if settings.opentelemetry_metrics or settings.meter_provider is not None:
            self._opentelemetry = OpenTelemetryMetrics(resource, NativeMetrics(app), settings.meter_provider)
        contents = Contents(
            errors,
            stores={"http": backend, PROCESS_WIDE: OPERATIONS.store} if isinstance(backend, Store) else {},
            about=Information(resource).collect,
            in_flight=in_flight,
            process=background.of_process,
            machine=background.of_machine,
        )
        self._observed = None
        if settings.meter_provider is not None:
            self._observed = Observed(settings.meter_provider, (partial(_found_out, contents, backend),), errors)
            contents = Contents(errors)
        self.page = MetricsPage(backend, contents, self._foreign(), errors, next(_APPLICATIONS))
        self._pusher = otlp.from_environment(os.environ, resource, self.page.families, errors)
        self._duties: Duties | None = None
        token = BearerToken.given(settings.metrics_token, settings.metrics_token_file, errors)
        self.port = _own_port(self.page, settings, token)
        """A port of its own; None if there is to be none."""
        self.endpoint = None
        """The page in the application; None if it is to be nowhere."""
        if settings.metrics_path is not None:
            self.endpoint = MetricsEndpoint(
                self.page, settings.metrics_path, token, lambda: getattr(app, "root_path", "")
            )

    def join(self) -> None:
        """Share what is counted with the other workers, if this process is one of several."""
        directory = self._settings.worker_dir
        if directory != "off":
            worker = MEMBERSHIP.join(directory, self._service, self._errors)
            if worker is not None:
                self.page.join(worker)

    def parts(self) -> Iterator[Part]:
        """Yield what begins with the service, in this order."""
        yield Part("start", self._background.start, self._background.stop)
        opentelemetry, observed, pusher = self._opentelemetry, self._observed, self._pusher
        if opentelemetry is not None:
            yield Part("opentelemetry", opentelemetry.attach, opentelemetry.detach)
        if observed is not None:
            yield Part("opentelemetry", observed.attach, observed.detach)
        yield Part("workers", self._begin_duties, self._end_duties)
        if pusher is not None:
            yield Part(
                "otlp",
                lambda: pusher.start(None if opentelemetry is None else opentelemetry.own_provider),
                pusher.stop,
                waits=True,
            )
        if self._settings.breakdown:  # last: a tracer provider is set by now, if one ever is
            yield Part("tracing", STAND_IN.refresh, _nothing)

    def _begin_duties(self) -> None:
        """Do what a worker does for the others, or what nobody else does."""
        if self.page.worker is None:
            self._background.start_machine()
            return
        self._duties = Duties(
            self.page,
            self._errors,
            foreign_seconds=self._settings.sample_interval_seconds,
            start_machine=self._background.start_machine,
            open_port=_nothing if self.port is None else self.port.open,
        )
        self._duties.start()

    def _end_duties(self) -> None:
        if self._duties is not None:
            self._duties.stop()
            self._duties = None

    def _foreign(self) -> Foreign:
        registries = self._settings.registries
        if registries is None:
            registries = (prometheus_client.REGISTRY,)
        sources = [Source(registry) for registry in registries]
        if self._opentelemetry is not None:
            sources.append(
                Source(
                    self._opentelemetry.registry,
                    doubles_ours=True,
                    holds_ours=self._settings.meter_provider is not None,
                )
            )
        return Foreign(self._errors, sources)


def _nothing() -> None:
    """End what has no end of its own."""


def _own_port(page: MetricsPage, settings: Settings, token: BearerToken | None) -> OwnPort | None:
    if settings.metrics_port is None:
        return None
    return OwnPort(page, settings.metrics_host, settings.metrics_port, settings.metrics_path or DEFAULT_PATH, token)


def _found_out(contents: Contents, backend: Backend) -> Iterator[Family]:
    """Yield what is not recorded as it happens, for a user's own meter provider."""
    yield from contents.of_this_process(machine=True)
    yield from health((*backend.instruments(), *OPERATIONS.instruments()), contents.errors.counts())
