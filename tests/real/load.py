"""A bounded load whose client keeps its own books."""

import http.client
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Request:
    """One request to send, and the route template that it should be counted under."""

    method: str
    target: str
    route: str
    body: bytes = b""
    chunked: bool = False


@dataclass
class Books:
    """What the client saw, by route and status (both as Prometheus labels)."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    sent_bytes: Counter[str] = field(default_factory=Counter)
    received_bytes: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, request: Request, status: int, received: int, seconds: float) -> None:
        """Enter one finished request."""
        self.counts[request.route, str(status)] += 1
        self.sent_bytes[request.route] += len(request.body)
        self.received_bytes[request.route] += received
        self.seconds[request.route].append(seconds)


def run(port: int, requests: Iterable[Request], clients: int) -> Books:
    """Send them all, over as many kept-alive connections as there are clients, each one request at a time."""
    queues: list[list[Request]] = [[] for _ in range(clients)]
    for number, request in enumerate(requests):
        queues[number % clients].append(request)
    books = Books()
    with ThreadPoolExecutor(clients) as pool:
        # Entered by this thread only, after each client is through.
        for entries in pool.map(lambda queue: list(_send(port, queue)), queues):
            for entry in entries:
                books.add(*entry)
    return books


def percentile(values: list[float], quantile: float) -> float:
    """Return the value below which that share of them lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, round(quantile * len(ordered)) - 1))]


def _send(port: int, queue: list[Request]) -> Iterator[tuple[Request, int, int, float]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        for request in queue:
            body = _halves(request.body) if request.chunked else request.body or None
            begin = time.perf_counter()
            connection.request(request.method, request.target, body, encode_chunked=request.chunked)
            response = connection.getresponse()
            received = len(response.read())
            yield request, response.status, received, time.perf_counter() - begin
            if response.status == HTTPStatus.INTERNAL_SERVER_ERROR:
                connection.close()  # uvicorn hangs up after an exception, though its response did not say so
    finally:
        connection.close()


def _halves(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    yield body[len(body) // 2 :]
