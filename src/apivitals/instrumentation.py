"""`instrument()`: puts the pieces together."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

import prometheus_client

from apivitals.arguments import Arguments
from apivitals.configuration import SettingsError, load
from apivitals.entrance import Entrance
from apivitals.errors import ErrorLog
from apivitals.export import otlp
from apivitals.export.endpoint import MetricsEndpoint
from apivitals.export.foreign import Foreign, Source
from apivitals.export.information import Information, make_resource
from apivitals.export.native_metrics import NativeMetrics
from apivitals.export.observed import Observed
from apivitals.export.opentelemetry_metrics import OpenTelemetryMetrics
from apivitals.export.otlp import Otlp
from apivitals.export.page import MetricsPage, health
from apivitals.export.prometheus import Format
from apivitals.export.server import MetricsServer
from apivitals.export.token import BearerToken
from apivitals.families import Family
from apivitals.http.labels import ExtraLabels
from apivitals.http.meter import HttpMeter
from apivitals.http.middleware import Gate, Page
from apivitals.http.websocket import WebSocketMeter
from apivitals.lifecycle import Lifecycle, Part
from apivitals.operations.meter import OPERATIONS
from apivitals.settings import DEFAULT_PATH, Settings
from apivitals.sources.background import Background
from apivitals.store import Backend, MeterProviderBackend, Store
from apivitals.tracing.libraries import Libraries
from apivitals.tracing.stand_in import STAND_IN

if TYPE_CHECKING:
    from typing_extensions import Unpack  # in typing from Python 3.11 on

    from apivitals.alerts.callback import AlertCallback
    from apivitals.alerts.webhook import AlertWebhook

logger = logging.getLogger("apivitals")

_HANDLE = "_apivitals"
_Callback = TypeVar("_Callback", bound="AlertCallback")


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
        self._alerts: AlertWebhook | None = None
        if not settings.enabled:
            return
        resource = make_resource(settings.service_name, _title(app))
        self._libraries = _libraries(settings, self._errors)
        backend, sources = self._recording(settings)
        self._opentelemetry = None
        if settings.opentelemetry_metrics or settings.meter_provider is not None:
            self._opentelemetry = OpenTelemetryMetrics(resource, NativeMetrics(app), settings.meter_provider)
        extra = _extra_labels(settings, self._errors)
        self._http = http = HttpMeter(backend, settings, extra, self._errors)
        websocket = WebSocketMeter(backend, settings, extra, self._errors)
        background = Background(settings, backend)
        found_out = (
            Information(resource).collect,
            http.in_flight.collect,
            background.collect,
            partial(health, (backend, OPERATIONS), self._errors),
        )
        observed = None
        if settings.meter_provider is not None:
            observed = Observed(settings.meter_provider, found_out, self._errors)
        else:
            sources += found_out
        self._page = MetricsPage(backend, sources, self._foreign(), self._errors)
        pusher = otlp.from_environment(os.environ, resource, self._page.families, self._errors)
        token = BearerToken.given(settings.metrics_token, settings.metrics_token_file, self._errors)
        open_port = None if settings.metrics_port is None else lambda: _open_port(self._page, settings, token)
        self._lifecycle = Lifecycle(open_port, self._parts(background, observed, pusher), self._errors)
        self._alerts = _alert_webhook(settings, self._errors, app)
        pages: list[Page] = [] if self._alerts is None else [self._alerts]
        if settings.metrics_path is not None:
            pages.append(MetricsEndpoint(self._page, settings.metrics_path, token, partial(_root_path, app)))
        gate = Gate(
            entrance.owner,
            http=http,
            websocket=websocket,
            pages=pages,
            excluded=_excluded(settings),
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

    def _recording(self, settings: Settings) -> tuple[Backend, tuple[Callable[[], Iterable[Family]], ...]]:
        """Choose what everything is recorded into, the process's operations too; and what the page reads of it."""
        OPERATIONS.errors = self._errors
        OPERATIONS.limit_values(settings.label_value_limit)
        if settings.meter_provider is None:
            store = Store(settings.series_limit)
            return store, (store.collect, OPERATIONS.collect)
        backend = MeterProviderBackend(settings.meter_provider, settings.series_limit, self._errors)
        OPERATIONS.record_through(backend)
        return backend, ()

    def _parts(self, background: Background, observed: Observed | None, pusher: Otlp | None) -> Iterator[Part]:
        yield Part("start", background.start, background.stop)
        opentelemetry = self._opentelemetry
        if opentelemetry is not None:
            yield Part("opentelemetry", opentelemetry.attach, opentelemetry.detach)
        if observed is not None:
            yield Part("opentelemetry", observed.attach, observed.detach)
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
        if self._entrance is None or self._lifecycle.server is None:
            return None
        return self._lifecycle.server.port

    def metrics(self, form: Format = Format.TEXT) -> str:
        """Return the metrics page as text; empty when not instrumented. It blocks as long as the collectors do."""
        if self._entrance is None:
            return ""
        slices = self._page.slices(form, gzip=False, foreign=self._page.foreign.render(form))
        return b"".join(slices).decode()

    @overload
    def on_alert(self, callback: _Callback, *, timeout_seconds: float = ...) -> _Callback: ...

    @overload
    def on_alert(self, *, timeout_seconds: float = ...) -> Callable[[_Callback], _Callback]: ...

    def on_alert(self, callback: Any = None, *, timeout_seconds: float = 10.0) -> Any:
        """Call `callback` with each `Alert` that Alertmanager posts to `alert_webhook`; as a decorator too.

        Once when it fires and once when it is resolved. An async callback is awaited on the event loop, any other is
        called in a thread of its own. One that raises, or takes longer than `timeout_seconds`, is a 500 for
        Alertmanager, which tries again; what it has taken is not sent to it again.
        """
        if callback is None:
            return partial(self.on_alert, timeout_seconds=timeout_seconds)
        if self._alerts is not None:
            self._alerts.add(callback, timeout_seconds)
        elif self.settings.enabled:
            logger.warning("on_alert(%r): no alerts will come, because alert_webhook is off", callback)
        return callback

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


def _alert_webhook(settings: Settings, errors: ErrorLog, app: Any) -> AlertWebhook | None:
    token = BearerToken.given(settings.alert_webhook_token, settings.alert_webhook_token_file, errors)
    if settings.alert_webhook is None or token is None:
        return None
    from apivitals.alerts.webhook import AlertWebhook  # noqa: PLC0415  # only for services that take alerts

    return AlertWebhook(settings.alert_webhook, token, errors, partial(_root_path, app))


def _root_path(app: Any) -> str:
    return getattr(app, "root_path", "")


def _open_port(page: MetricsPage, settings: Settings, token: BearerToken | None) -> MetricsServer:
    assert settings.metrics_port is not None  # noqa: S101  # only called then
    path = settings.metrics_path or DEFAULT_PATH
    try:
        return MetricsServer(page, settings.metrics_host, settings.metrics_port, path, token)
    except OSError as error:
        raise OSError(
            f"apivitals settings: metrics_port {settings.metrics_port} on {settings.metrics_host} cannot be bound: "
            f"{error.strerror or error}; stop what uses it, or give another metrics_port (0 takes a free one)"
        ) from error


def _excluded(settings: Settings) -> Callable[[MutableMapping[str, Any]], bool] | None:
    if not settings.excluded_urls:
        return None
    search = re.compile("|".join(f"(?:{url})" for url in settings.excluded_urls)).search

    def excluded(scope: MutableMapping[str, Any]) -> bool:
        host, port = scope.get("server") or ("", None)
        return search(f"{scope.get('scheme', 'http')}://{host}{f':{port}' if port else ''}{scope['path']}") is not None

    return excluded


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
