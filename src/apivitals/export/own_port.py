"""The port of its own, which one worker of a service has: bound by the first, taken over when that one ends."""

from __future__ import annotations

import threading

from apivitals.export.page import MetricsPage
from apivitals.export.server import MetricsServer
from apivitals.export.token import BearerToken


class OwnPort:
    """Serves the page at `path` on `host` and `port`, between `open` and `close`; port 0 takes a free one."""

    def __init__(self, page: MetricsPage, host: str, port: int, path: str, token: BearerToken | None) -> None:
        self._page = page
        self._host = host
        self._port = port
        self._path = path
        self._token = token
        self._server: MetricsServer | None = None
        self._lock = threading.Lock()

    @property
    def number(self) -> int | None:
        """The port that is served on now; None if none is, or another worker serves on it."""
        return None if self._server is None else self._server.port

    def open(self) -> None:
        """Begin to serve, unless this or another worker does.

        Raises:
            OSError: the address cannot be bound; the message names the setting.
        """
        with self._lock:
            worker = self._page.worker
            if self._server is not None or (worker is not None and not worker.port.take()):
                return
            try:
                self._server = MetricsServer(self._page, self._host, self._port, self._path, self._token)
            except OSError as error:
                if worker is not None:
                    worker.port.leave()
                raise OSError(
                    f"apivitals settings: metrics_port {self._port} on {self._host} cannot be bound: "
                    f"{error.strerror or error}; stop what uses it, or give another metrics_port (0 takes a free one)"
                ) from error

    def close(self) -> None:
        """Release the port, and let another worker serve on it."""
        with self._lock:
            if self._server is None:
                return
            self._server.close()
            self._server = None
            if self._page.worker is not None:
                self._page.worker.port.leave()
