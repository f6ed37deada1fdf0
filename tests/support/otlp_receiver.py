"""A collector in miniature: takes metrics and traces by OTLP, over gRPC or HTTP, on a free loopback port.

    with receiver("grpc") as collector:
        ...
        collector.wait_for("metrics")

It keeps what it was sent, and can hang or refuse. The services are those of the `opentelemetry-proto` package.
"""

import gzip
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

Protocol = Literal["grpc", "http/protobuf"]
Signal = Literal["metrics", "traces"]
PROTOCOLS: tuple[Protocol, ...] = ("grpc", "http/protobuf")
DEADLINE_SECONDS = 60.0

_MESSAGES: dict[Signal, Any] = {
    "metrics": (metrics_service_pb2.ExportMetricsServiceRequest, metrics_service_pb2.ExportMetricsServiceResponse),
    "traces": (trace_service_pb2.ExportTraceServiceRequest, trace_service_pb2.ExportTraceServiceResponse),
}


class Receiver:
    """What has arrived, oldest first, and how to answer: `behaviour` is `accept`, `refuse` or `hang`."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.endpoint = ""
        self.behaviour: Literal["accept", "refuse", "hang"] = "accept"
        self.requests: dict[Signal, list[Any]] = {"metrics": [], "traces": []}
        self.headers: list[dict[str, str]] = []
        self.attempts = 0
        self._changed = threading.Condition()
        self._closing = threading.Event()

    def take(self, signal: Signal, request: Any, headers: dict[str, str]) -> bool:
        """Keep a request, and say whether to answer that all is well; a hanging answer never comes."""
        with self._changed:
            self.attempts += 1
            if self.behaviour == "accept":
                self.requests[signal].append(request)
                self.headers.append(headers)
            self._changed.notify_all()
        if self.behaviour == "hang":
            self._closing.wait()
        return self.behaviour == "accept"

    def close(self) -> None:
        """Let go of the requests that hang."""
        self._closing.set()

    def wait_for(self, signal: Signal, requests: int = 1) -> list[Any]:
        """Wait until so many have arrived, and return all.

        Raises:
            AssertionError: they did not.
        """
        self.until(lambda: len(self.requests[signal]) >= requests, f"{requests} requests with {signal}")
        return self.requests[signal]

    def wait_for_attempts(self, attempts: int) -> None:
        """Wait until somebody has tried so many times."""
        self.until(lambda: self.attempts >= attempts, f"{attempts} attempts")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until `condition()` holds; it is asked again after each request."""
        with self._changed:
            if not self._changed.wait_for(condition, DEADLINE_SECONDS):
                raise AssertionError(f"not within {DEADLINE_SECONDS} s: {what}; there were {self.attempts} attempts")

    def metrics(self, scope: str = "apivitals") -> list[Metric]:
        """Return all metrics of that scope, of every push."""
        return [
            metric
            for request in self.requests["metrics"]
            for resource_metrics in request.resource_metrics
            for scope_metrics in resource_metrics.scope_metrics
            if scope_metrics.scope.name == scope
            for metric in scope_metrics.metrics
        ]

    def spans(self) -> list[Span]:
        """Return all spans."""
        return [
            span
            for request in self.requests["traces"]
            for resource_spans in request.resource_spans
            for scope_spans in resource_spans.scope_spans
            for span in scope_spans.spans
        ]


@contextmanager
def receiver(protocol: Protocol) -> Iterator[Receiver]:
    """Run one."""
    made = Receiver(protocol)
    with _grpc(made) if protocol == "grpc" else _http(made) as port:
        made.endpoint = f"http://127.0.0.1:{port}"
        try:
            yield made
        finally:
            made.close()


@contextmanager
def _grpc(made: Receiver) -> Iterator[int]:
    def answer(signal: Signal, request: Any, context: Any) -> Any:
        if not made.take(signal, request, {str(key): str(value) for key, value in context.invocation_metadata()}):
            context.abort(grpc.StatusCode.UNAVAILABLE, "the receiver refuses")
        return _MESSAGES[signal][1]()

    class Metrics(metrics_service_pb2_grpc.MetricsServiceServicer):
        def Export(self, request: Any, context: Any) -> Any:  # noqa: N802  # the service definition's name
            return answer("metrics", request, context)

    class Traces(trace_service_pb2_grpc.TraceServiceServicer):
        def Export(self, request: Any, context: Any) -> Any:  # noqa: N802  # the service definition's name
            return answer("traces", request, context)

    server = grpc.server(ThreadPoolExecutor(8))
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(Metrics(), server)
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Traces(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None).wait()


@contextmanager
def _http(made: Receiver) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            signal: Signal = "metrics" if self.path.endswith("/v1/metrics") else "traces"
            asked, answered = _MESSAGES[signal]
            taken = made.take(signal, asked.FromString(body), {k.lower(): v for k, v in self.headers.items()})
            answer = answered().SerializeToString()
            try:
                self.send_response(200 if taken else 503)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                self.close_connection = True  # the client did not wait

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's parameter
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
