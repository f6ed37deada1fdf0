"""Prints the trace of one request, and the exemplar that leads to it: `python examples/trace_of_a_request.py`.

It needs apivitals[sqlalchemy,httpx], uvicorn and FastAPI.
"""

import threading
import time
import urllib.request

import httpx
import sqlalchemy
import uvicorn
from fastapi import FastAPI, Request
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import apivitals

exported = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exported))
trace.set_tracer_provider(provider)

client = httpx.AsyncClient()
engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool)
app = FastAPI(telemetry={"operation_spans": False})  # the phases are in the breakdown already


@app.get("/orders/{number}")
async def order(number: int, request: Request) -> dict[str, float]:
    with engine.connect() as connection:
        price = connection.execute(sqlalchemy.text("SELECT 25.0 * :number"), {"number": number}).scalar_one()
    rate = (await client.get(f"{request.base_url}rates")).json()
    with apivitals.track("rounding", component="pricing") as operation:
        operation.items(1)
        return {"total": round(price * rate, 2)}


@app.get("/rates")
async def rates() -> float:
    return 1.08


apivitals.instrument(app, excluded_urls=["/rates"], disabled_sources=["host", "gpu", "container"])


def show(span: ReadableSpan, depth: int, spans: list[ReadableSpan]) -> None:
    milliseconds = ((span.end_time or 0) - (span.start_time or 0)) / 1e6
    print(f"{'  ' * depth}{span.name}  {span.kind.name}  {milliseconds:.2f} ms")
    for key, value in sorted((span.attributes or {}).items()):
        if key.startswith("apivitals."):
            text = f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
            print(f"{'  ' * depth}  | {key} = {text}")
    for child in spans:
        if span.context and child.parent and child.parent.span_id == span.context.span_id:
            show(child, depth + 1, spans)


def main() -> None:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    for number in (2, 3):  # the first opens connections
        time.sleep(1)  # a bucket has one exemplar a second
        urllib.request.urlopen(f"{url}/orders/{number}").read()
    accept = {"Accept": "application/openmetrics-text"}
    page = urllib.request.urlopen(urllib.request.Request(f"{url}/metrics", headers=accept)).read().decode()
    server.should_exit = True
    thread.join()

    spans = list(exported.get_finished_spans())
    root = [span for span in spans if span.name == "GET /orders/{number}"][-1]
    assert root.context is not None
    show(root, 0, spans)
    print()
    for line in page.splitlines():
        if line.startswith("http_server_request_duration_seconds_bucket") and f"{root.context.trace_id:032x}" in line:
            print(line)


if __name__ == "__main__":
    main()
