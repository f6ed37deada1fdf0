"""The port of its own, which one worker of a service has: bound by the first, taken over when that one ends."""

from __future__ import annotations

import threading

from apivitals.export.page import MetricsPage
from apivitals.export.server import MetricsServer
from apivitals.export.token import BearerToken
from apivitals.workers.directory import WorkersError


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
        return None if self._server is None or not self._server.is_open else self._server.port

    def open(self) -> None:
        """Begin to serve, unless this or another worker does.

        Raises:
            OSError: the address cannot be bound, or it cannot be told who has it; the message names the setting.
        """
        with self._lock:
            worker = self._page.worker
            try:
                if (self._server is not None and self._server.is_open) or (
                    worker is not None and not worker.port.take()
                ):
                    return
            except WorkersError as error:
                raise OSError(f"apivitals settings: metrics_port {self._port} cannot be opened: {error}") from error
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
            server, self._server = self._server, None
            if server is None or not server.is_open:
                return
            server.close()
            if self._page.worker is not None:
                self._page.worker.port.leave()
