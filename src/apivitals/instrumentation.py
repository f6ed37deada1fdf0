"""`instrument()`: puts the pieces together."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import prometheus_client
from opentelemetry.sdk.resources import SERVICE_NAME

from apivitals.arguments import Arguments
from apivitals.configuration import SettingsError, load
from apivitals.entrance import Entrance
from apivitals.errors import ErrorLog
from apivitals.export import otlp
from apivitals.export.contents import PROCESS_WIDE, Contents, health
from apivitals.export.duties import Duties
from apivitals.export.endpoint import MetricsEndpoint
from apivitals.export.foreign import Foreign, Source
from apivitals.export.information import Information, make_resource
from apivitals.export.native_metrics import NativeMetrics
from apivitals.export.observed import Observed
from apivitals.export.opentelemetry_metrics import OpenTelemetryMetrics
from apivitals.export.own_port import OwnPort
from apivitals.export.page import MetricsPage
from apivitals.export.prometheus import Format
from apivitals.export.token import BearerToken
from apivitals.families import Family
from apivitals.http.excluded import excluded
from apivitals.http.labels import ExtraLabels
from apivitals.http.meter import HttpMeter
from apivitals.http.middleware import Gate
from apivitals.http.websocket import WebSocketMeter
from apivitals.lifecycle import Lifecycle, Part
from apivitals.operations.meter import OPERATIONS
from apivitals.settings import DEFAULT_PATH, Settings, read_token
from apivitals.sources.background import Background
from apivitals.store import Backend, MeterProviderBackend, Store
from apivitals.tracing.libraries import Libraries
from apivitals.tracing.stand_in import STAND_IN
from apivitals.workers.membership import MEMBERSHIP

if TYPE_CHECKING:
    from typing_extensions import Unpack  # in typing from Python 3.11 on

logger = logging.getLogger("apivitals")

_HANDLE = "_apivitals"


def instrument(app: Any, *, config: str | os.PathLike[str] | None = None, **settings: Unpack[Arguments]) -> Vitals:
    """Measure a FastAPI or Starlette application from now on, and answer at ``/metrics``.

    It can be called at any time: before or after routes and middleware are added, in the lifespan, on a running
    application. For one that is instrumented already it returns the handle that there is, and changes nothing.

    Args:
        app: the application, or an ASGI middleware object around it.
        config: path of a settings file; default ``apivitals.yaml`` in the working directory, if it is there.
        **settings: see `apivitals.Settings`; they go before the environment, which goes before the file.

    Raises:
        SettingsError: a setting is wrong; nothing has been changed.
        TypeError: `app` is a plain function.
    """
    entrance = Entrance(app)
    existing: Vitals | None = vars(app).get(_HANDLE)
    if existing is None:
        return Vitals(app, entrance, load({**settings, "config": config}))
    if settings or config:
        logger.warning("instrument() was called again for %r: what it was given this time is not used", app)
    return existing


class Vitals:
    """An instrumented application: what it was told, and the way back."""

    def __init__(self, app: Any, entrance: Entrance, settings: Settings) -> None:
        self.settings = settings
        self._app = app
        self._entrance: Entrance | None = None
        self._errors = ErrorLog()
        if not settings.enabled:
            return
        resource = make_resource(settings.service_name, _title(app))
        self._libraries = _libraries(settings, self._errors)
        backend = self._recording(settings)
        self._opentelemetry = None
        if settings.opentelemetry_metrics or settings.meter_provider is not None:
            self._opentelemetry = OpenTelemetryMetrics(resource, NativeMetrics(app), settings.meter_provider)
        extra = _extra_labels(settings, self._errors)
        self._http = http = HttpMeter(backend, settings, extra, self._errors)
        websocket = WebSocketMeter(backend, settings, extra, self._errors)
        self._background = background = Background(settings, backend)
        contents = Contents(
            self._errors,
            stores={"http": backend, PROCESS_WIDE: OPERATIONS.store} if isinstance(backend, Store) else {},
            about=Information(resource).collect,
            in_flight=http.in_flight.collect,
            process=background.of_process,
            machine=background.of_machine,
        )
        self._observed = None
        if settings.meter_provider is not None:
            found_out = partial(_found_out, contents, backend)
            self._observed = Observed(settings.meter_provider, (found_out,), self._errors)
            contents = Contents(self._errors)
        self._page = MetricsPage(backend, contents, self._foreign(), self._errors)
        self._duties: Duties | None = None
        self._pusher = otlp.from_environment(os.environ, resource, self._page.families, self._errors)
        token = _token(settings, self._errors)
        self._port = _own_port(self._page, settings, token)
        join = partial(self._join, str(resource.attributes.get(SERVICE_NAME, "")))
        self._lifecycle = Lifecycle(join, self._port, self._parts(), self._errors)
        endpoint = None
        if settings.metrics_path is not None:
            endpoint = MetricsEndpoint(self._page, settings.metrics_path, token, lambda: getattr(app, "root_path", ""))
        gate = Gate(
            entrance.owner,
            http=http,
            websocket=websocket,
            page=endpoint,
            excluded=excluded(settings.excluded_urls),
            lifecycle=self._lifecycle,
        )
        if _in_event_loop():  # in the lifespan, or later: no lifespan.startup is going to come by
            try:
                self._lifecycle.open_port()
            except OSError as error:
                raise SettingsError(str(error)) from None
        entrance.open(gate)
        if settings.breakdown:
            self._libraries.switch_on()
        self._entrance = entrance
        vars(app)[_HANDLE] = self

    def _recording(self, settings: Settings) -> Backend:
        """Choose what everything is recorded into, the process's operations too."""
        OPERATIONS.errors = self._errors
        OPERATIONS.limit_values(settings.label_value_limit)
        if settings.meter_provider is None:
            store = Store(settings.series_limit)
            for operation in self._errors.counts():
                store.errors.bind((operation,))
            self._errors.count_with(lambda operation: store.errors.bind((operation,)).add())
            return store
        backend = MeterProviderBackend(settings.meter_provider, settings.series_limit, self._errors)
        OPERATIONS.record_through(backend)
        return backend

    def _join(self, service: str) -> None:
        """Share what is counted with the other workers, if this process is one of several."""
        directory = self.settings.worker_dir
        if directory != "off":
            worker = MEMBERSHIP.join(directory, service, self._errors)
            if worker is not None:
                self._page.join(worker)

    def _begin_duties(self) -> None:
        """Do what a worker does for the others, or what nobody else does."""
        if self._page.worker is None:
            self._background.start_machine()
            return
        self._duties = Duties(
            self._page,
            self._errors,
            foreign_seconds=self.settings.sample_interval_seconds,
            start_machine=self._background.start_machine,
            open_port=_nothing if self._port is None else self._port.open,
        )
        self._duties.start()

    def _end_duties(self) -> None:
        if self._duties is not None:
            self._duties.stop()
            self._duties = None

    def _parts(self) -> Iterator[Part]:
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
        if self.settings.breakdown:  # last: a tracer provider is set by now, if one ever is
            yield Part("tracing", STAND_IN.refresh, _nothing)

    def _foreign(self) -> Foreign:
        registries = self.settings.registries
        if registries is None:
            registries = (prometheus_client.REGISTRY,)
        sources = [Source(registry) for registry in registries]
        if self._opentelemetry is not None:
            sources.append(
                Source(
                    self._opentelemetry.registry, doubles_ours=True, holds_ours=self.settings.meter_provider is not None
                )
            )
        return Foreign(self._errors, sources)

    @property
    def metrics_port(self) -> int | None:
        """The port of its own that the metrics are served on now; None if there is none, or not yet."""
        return None if self._entrance is None or self._port is None else self._port.number

    def metrics(self, form: Format = Format.TEXT) -> str:
        """Return the metrics page as text; empty when not instrumented. It blocks as long as the collectors do."""
        if self._entrance is None:
            return ""
        return b"".join(self._page.slices(self._page.gather(form), form, gzip=False)).decode()

    def uninstrument(self) -> None:
        """Give the application back as it was. Requests under way end measured; calling it again does nothing."""
        if self._entrance is None:
            return
        vars(self._app).pop(_HANDLE, None)
        self._entrance.close()
        self._entrance = None
        self._libraries.switch_off()
        self._lifecycle.stop()
        if self.settings.meter_provider is not None:
            OPERATIONS.record_through(None)


def _title(app: Any) -> str | None:
    title = getattr(app, "title", None)
    return title if isinstance(title, str) and title != "FastAPI" else None


def _nothing() -> None:
    """End what has no end of its own."""


def _libraries(settings: Settings, errors: ErrorLog) -> Libraries:
    try:
        return Libraries(settings.libraries, STAND_IN, errors)
    except ValueError as error:
        raise SettingsError(f"apivitals settings: libraries: {error}") from None


def _extra_labels(settings: Settings, errors: ErrorLog) -> ExtraLabels:
    return ExtraLabels(
        fixed=settings.labels,
        request_labels=settings.request_labels,
        request_label_names=settings.request_label_names,
        request_headers=settings.request_headers,
        response_headers=settings.response_headers,
        value_limit=settings.label_value_limit,
        errors=errors,
    )


def _token(settings: Settings, errors: ErrorLog) -> BearerToken | None:
    path: Path | None = settings.metrics_token_file
    if path is not None:
        return BearerToken(read_token(path), path, errors)
    if settings.metrics_token is not None:
        return BearerToken(settings.metrics_token.get_secret_value().strip().encode(), None, errors)
    return None


def _own_port(page: MetricsPage, settings: Settings, token: BearerToken | None) -> OwnPort | None:
    if settings.metrics_port is None:
        return None
    return OwnPort(page, settings.metrics_host, settings.metrics_port, settings.metrics_path or DEFAULT_PATH, token)


def _found_out(contents: Contents, backend: Backend) -> Iterator[Family]:
    """Yield what is not recorded as it happens, for a user's own meter provider."""
    yield from contents.of_this_process(machine=True)
    yield from health((*backend.instruments(), *OPERATIONS.instruments()), contents.errors.counts())


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
