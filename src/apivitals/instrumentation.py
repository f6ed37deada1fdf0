"""`instrument()`: puts the pieces together."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from apivitals.arguments import Arguments
from apivitals.configuration import SettingsError, load
from apivitals.entrance import Entrance
from apivitals.errors import ErrorLog
from apivitals.export.information import make_resource
from apivitals.export.prometheus import Format
from apivitals.export.token import BearerToken
from apivitals.exposition import Exposition
from apivitals.http.excluded import excluded
from apivitals.http.labels import ExtraLabels
from apivitals.http.meter import HttpMeter
from apivitals.http.middleware import Gate
from apivitals.http.websocket import WebSocketMeter
from apivitals.lifecycle import Lifecycle
from apivitals.operations.meter import OPERATIONS
from apivitals.settings import Settings
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
        backend = self._recording(settings)
        extra = _extra_labels(settings, self._errors)
        self._http = http = HttpMeter(backend, settings, extra, self._errors)
        websocket = WebSocketMeter(backend, settings, extra, self._errors)
        self._exposition = Exposition(
            app, settings, resource, backend, in_flight=http.in_flight.collect, errors=self._errors
        )
        self._alerts = _alert_webhook(settings, self._errors, app)
        self._lifecycle = Lifecycle(self._join, self._exposition.port, self._exposition.parts(), self._errors)
        gate = Gate(
            entrance.owner,
            http=http,
            websocket=websocket,
            pages=[page for page in (self._exposition.endpoint, self._alerts) if page is not None],
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

    def _join(self) -> None:
        """Share with the other workers, if there are any, what is counted, and which alerts have been taken."""
        self._exposition.join()
        worker = self._exposition.page.worker
        if worker is not None and self._alerts is not None:
            self._alerts.share(worker.group.directory / f"alerts-{self._exposition.page.application}")

    @property
    def metrics_port(self) -> int | None:
        """The port of its own that the metrics are served on now; None if there is none, or not yet."""
        port = None if self._entrance is None else self._exposition.port
        return None if port is None else port.number

    def metrics(self, form: Format = Format.TEXT) -> str:
        """Return the metrics page as text; empty when not instrumented. It blocks as long as the collectors do."""
        if self._entrance is None:
            return ""
        page = self._exposition.page
        return b"".join(page.slices(page.gather(form), form, gzip=False)).decode()

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

    return AlertWebhook(settings.alert_webhook, token, errors, lambda: getattr(app, "root_path", ""))


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
