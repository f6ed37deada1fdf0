"""WebSocket sessions: how many are open, how long they lasted, how they ended, and the messages each way."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from apivitals import catalog, exceptions
from apivitals.http import outcome
from apivitals.http.exchange import Message, Receive, Scope, Send
from apivitals.http.labels import ExtraLabels
from apivitals.http.priority import priority_of
from apivitals.route_pattern import fits
from apivitals.store import Adding, Backend

if TYPE_CHECKING:
    from apivitals.errors import ErrorLog
    from apivitals.settings import Settings

# RFC 6455 section 7.4.1; a client may send anything from 3000 to 4999 besides, an unbounded label for us.
_REGISTERED_CODES = range(1000, 1016)
_NO_CLOSE_FRAME = 1006
_INTERNAL_ERROR = 1011


class _RouteSeries:
    """The series that a session of one route counts into while it is open."""

    def __init__(self, labels: tuple[str, ...], sessions: Adding, received: Adding, sent: Adding) -> None:
        self.labels = labels
        self.sessions = sessions
        self.received = received
        self.sent = sent


class WebSocketMeter:
    """The WebSocket metrics of one application."""

    def __init__(self, store: Backend, settings: Settings, extra: ExtraLabels, errors: ErrorLog) -> None:
        self._settings = settings
        self._fixed = extra.fixed
        self.errors = errors
        self._sessions = store.gauge(catalog.http.WEBSOCKET_SESSIONS, extra.fixed_names)
        self._duration = store.histogram(catalog.http.WEBSOCKET_DURATION, extra.fixed_names)
        self._messages = store.counter(catalog.http.WEBSOCKET_MESSAGES, extra.fixed_names)
        self._routes: dict[str, _RouteSeries | None] = {}

    def route(self, session: Session) -> _RouteSeries | None:
        """Find the series for the session's route; None if it is excluded or something of ours went wrong."""
        route = session.route
        try:
            if route not in self._routes:
                self._routes[route] = self._bind(route, session.endpoint)
            return self._routes[route]
        except Exception as error:  # noqa: BLE001  # telemetry never breaks a session
            self.errors.caught("record", error)
            return None

    def _bind(self, route: str, endpoint: object) -> _RouteSeries | None:
        settings = self._settings
        if any(fits(pattern, "GET", route) for pattern in settings.excluded_routes):
            return None
        labels = (route, priority_of("GET", route, endpoint, settings.priorities, settings.default_priority))
        return _RouteSeries(
            labels,
            self._sessions.bind((*labels, *self._fixed)),
            self._messages.bind((*labels, "receive", *self._fixed)),
            self._messages.bind((*labels, "transmit", *self._fixed)),
        )

    def ended(self, labels: tuple[str, ...], close_code: str, error_type: str, seconds: float) -> None:
        """Record a session that has ended."""
        try:
            self._duration.bind((*labels, close_code, error_type, *self._fixed)).observe(seconds)
        except Exception as error:  # noqa: BLE001  # telemetry never breaks a session
            self.errors.caught("record", error)


class Session:
    """One WebSocket session. Its time runs from the handshake's acceptance, or from the request for one refused."""

    # written by `apivitals.http.route`
    matched: Any = None
    mount = ""
    route = ""
    endpoint: Any = None
    timeline = None  # a session has no response time to divide
    recorded = False  # as an exchange's: always by `close`

    def __init__(self, meter: WebSocketMeter, scope: Scope, receive: Receive, send: Send) -> None:
        self.meter = meter
        self.scope = scope
        self._receive = receive
        self._send = send
        self.started = perf_counter()
        self.series: _RouteSeries | None = None
        self.accepted = False
        self.close_code = ""
        self.error_type = ""

    async def receive(self) -> Message:
        """Count a message on its way in, and see the client close."""
        message = await self._receive()
        kind = message["type"]
        if kind == "websocket.receive":
            if self.series is not None:
                self.series.received.add()
        elif kind == "websocket.disconnect" and not self.close_code:
            code = message.get("code") or 1005
            self.close_code = str(code) if code in _REGISTERED_CODES else "_OTHER"
            if code == _NO_CLOSE_FRAME:
                self.error_type = outcome.CLIENT_DISCONNECTED
        return message

    async def send(self, message: Message) -> None:
        """Count a message on its way out, and see the session open and the application close it."""
        await self._send(message)
        kind = message["type"]
        if kind == "websocket.send":
            if self.series is not None:
                self.series.sent.add()
        elif kind == "websocket.accept":
            self._open()
        elif kind == "websocket.close" and not self.close_code:
            self.close_code = str(message.get("code", 1000))

    def _open(self) -> None:
        self.accepted = True
        self.started = perf_counter()
        self.series = self.meter.route(self)
        if self.series is not None:
            self.series.sessions.add()

    def close(self, error: BaseException | None) -> None:
        """Take the end of the session: by return, or by `error`."""
        seconds = perf_counter() - self.started
        error = exceptions.unwrapped(error)
        if self.accepted:
            series = self.series
            if series is not None:
                series.sessions.add(-1.0)
        else:
            series = self.meter.route(self)
            self.error_type = outcome.REJECTED
        if series is None:
            return
        if error is not None and not outcome.is_disconnect(error):
            self.error_type = (
                exceptions.CANCELLED if exceptions.is_cancellation(error) else exceptions.exception_name(error)
            )
            self.close_code = self.close_code or str(_INTERNAL_ERROR)
        self.meter.ended(series.labels, self.close_code, self.error_type, seconds)
