"""The metrics page on a port of its own, from a thread of its own: it answers while the event loop does not."""

from __future__ import annotations

import ipaddress
import os
import socket
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from weakref import WeakSet

from apivitals.errors import logger
from apivitals.export.endpoint import NOT_NOW, Refusal, Wanted, decide
from apivitals.export.page import MetricsPage
from apivitals.export.token import BearerToken
from apivitals.workers.directory import NotNowError

_IDLE_SECONDS = 10.0
_POLL_SECONDS = 0.1  # how long `close` may have to wait
_OPEN: WeakSet[MetricsServer] = WeakSet()


class MetricsServer:
    """Serves the page at `path` on `host` and `port`; port 0 takes a free one.

    Raises:
        OSError: the address cannot be bound.
    """

    def __init__(self, page: MetricsPage, host: str, port: int, path: str, token: BearerToken | None) -> None:
        handler = _handler(page, path, token)
        self._server = _server_class(host)((host, port), handler)
        self.host, self.port = str(self._server.server_address[0]), int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="apivitals-metrics", daemon=True
        )
        self._thread.start()
        _OPEN.add(self)

    @property
    def is_open(self) -> bool:
        """Whether it serves: until it is closed, and not in a forked child, which has no thread of it."""
        return self in _OPEN

    def close(self) -> None:
        """Stop serving and release the port."""
        _OPEN.discard(self)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def forget(self) -> None:
        """Let go of the socket in a forked child: it would keep the port, and answer nobody, when the parent ends."""
        _OPEN.discard(self)
        self._server.socket.close()


def _after_fork_in_child() -> None:
    for server in list(_OPEN):
        server.forget()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _server_class(host: str) -> type[ThreadingHTTPServer]:
    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if _is_ipv6(host) else socket.AF_INET
        daemon_threads = True
        server_bind = socketserver.TCPServer.server_bind  # HTTPServer's asks the DNS for its own name, in seconds

        def handle_error(self, _request: object, client_address: object) -> None:
            if not isinstance(sys.exc_info()[1], OSError):  # a scraper that hangs up is not news
                logger.exception("answering %s failed", client_address)

    return Server


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6  # noqa: PLR2004  # the version is its name
    except ValueError:
        return False


def _written(page: MetricsPage, wanted: Wanted) -> bytes:
    pieces = []
    for piece in page.slices(page.gather(wanted.form), wanted.form, gzip=wanted.gzip):
        pieces.append(piece)
        time.sleep(0)  # hand the interpreter to the thread that serves requests
    return b"".join(pieces)


def _handler(page: MetricsPage, path: str, token: BearerToken | None) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = _IDLE_SECONDS

        def _answer(self) -> None:
            if self.path.partition("?")[0] not in {path, "/"}:
                self._send(
                    404, [(b"content-type", b"text/plain; charset=utf-8")], f"The metrics are at {path}\n".encode()
                )
                return
            headers = [
                (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()
            ]
            wanted = decide(self.command, headers, token)
            if isinstance(wanted, Refusal):
                self._send(wanted.status, [*wanted.headers], wanted.body)
                return
            try:
                body = _written(page, wanted) if wanted.body else b""
            except NotNowError:
                self._send(NOT_NOW.status, [*NOT_NOW.headers], NOT_NOW.body)
            else:
                self._send(200, wanted.headers, body)

        def _send(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name.decode("latin-1"), value.decode("latin-1"))
            if self.command == "HEAD":
                self.end_headers()
                return
            self.close_connection = self.command != "GET"  # a body that nobody read may follow
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _answer  # noqa: N815  # names that BaseHTTPRequestHandler looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's parameter
            """Say nothing: a scrape every few seconds is not news."""

    return Handler
