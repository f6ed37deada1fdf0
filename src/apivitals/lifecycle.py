"""What begins when the service starts and ends when it stops: its own port, the sources, OpenTelemetry's metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio.lowlevel
from starlette.routing import Mount

from apivitals.errors import ErrorLog
from apivitals.export.observed import Observed
from apivitals.export.opentelemetry_metrics import OpenTelemetryMetrics
from apivitals.export.server import MetricsServer
from apivitals.http.exchange import Message, Receive, Scope, Send
from apivitals.http.middleware import App
from apivitals.sources.background import Background


class Lifecycle:
    """Starts and stops them once each, in the lifespan, or at the first request of a server that has none.

    Nothing starts when the module is imported: a server that forks its workers would leave its threads behind.
    """

    def __init__(
        self,
        open_port: Callable[[], MetricsServer] | None,
        background: Background,
        opentelemetry: OpenTelemetryMetrics | None,
        observed: Observed | None,
        application: Any,
        errors: ErrorLog,
    ) -> None:
        self._open_port = open_port
        self._background = background
        self._opentelemetry = opentelemetry
        self._observed = observed
        self._application = application
        self._errors = errors
        self._lock = threading.Lock()
        self._begun = False
        self._silenced: list[dict[str, Any]] = []
        self.server: MetricsServer | None = None

    async def lifespan(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the lifespan on; the port is opened before it, so that a port in use stops the start."""
        await anyio.lowlevel.checkpoint()  # anyio loads its backend, in 20 ms, at the first call: not at a scrape
        try:
            self.open_port()
        except OSError as error:
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return

        async def noting(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self.begin()
            elif message["type"].startswith("lifespan.shutdown"):
                self.stop()
            await send(message)

        try:
            await app(scope, receive, noting)
        except BaseException:
            self.stop()
            raise

    def first_request(self) -> None:
        """Start what no lifespan has started. Requests are served already, so an error is only noted."""
        try:
            self.open_port()
        except OSError as error:
            self._errors.caught("start", error)
        self.begin()

    def open_port(self) -> None:
        """Begin to serve on the port of its own, if there is to be one.

        Raises:
            OSError: it cannot be bound; the message names the setting.
        """
        with self._lock:
            if self._open_port is not None and self.server is None:
                self.server = self._open_port()

    def begin(self) -> None:
        """Begin to sample the sources, and to read the OpenTelemetry API's metrics."""
        with self._lock:
            if self._begun:
                return
            self._begun = True
            try:
                self._background.start()
            except Exception as error:  # noqa: BLE001  # the page goes without them
                self._errors.caught("start", error)
            try:
                if self._observed is not None:
                    self._observed.attach()
                if self._opentelemetry is not None and self._opentelemetry.attach():
                    self._silence_native_metrics()
            except Exception as error:  # noqa: BLE001  # the page goes without them
                self._errors.caught("opentelemetry", error)

    def _silence_native_metrics(self) -> None:
        """Keep FastAPI from measuring what we measure, now that a meter provider is set because of us.

        FastAPI has no switch for this after the constructor; without its attribute it measures, and costs, as it likes.
        """
        for application in _with_mounted(self._application):
            config = getattr(getattr(application, "_native_telemetry", None), "config", None)
            if isinstance(config, dict) and config.get("metrics") and config.get("meter_provider") is None:
                config["metrics"] = False
                self._silenced.append(config)

    def stop(self) -> None:
        """Release the port and stop reading; `first_request` or another lifespan may start them again."""
        with self._lock:
            if self.server is not None:
                self.server.close()
                self.server = None
            if self._begun:
                self._begun = False
                self._background.stop()
                if self._opentelemetry is not None:
                    self._opentelemetry.detach()
                if self._observed is not None:
                    self._observed.detach()
            for config in self._silenced:
                config["metrics"] = True
            self._silenced.clear()


def _with_mounted(application: Any) -> Iterator[Any]:
    yield application
    for route in getattr(application, "routes", ()):
        if isinstance(route, Mount):
            yield from _with_mounted(route.app)
