"""One service, instrumented in every order that people do it in: `MODE` says which."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

import apivitals

MODE = os.environ["MODE"]
providers: list[TracerProvider] = []


def set_provider() -> None:
    """Set up tracing as a user does."""
    provider = TracerProvider(sampler=ALWAYS_OFF if "unsampled" in MODE else ALWAYS_ON)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    providers.append(provider)


async def call(request: Request) -> JSONResponse:
    """Call the other route over HTTP, and return what headers that was sent."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://{request.headers['host']}/api/headers/all")
    return JSONResponse(answer.json())


async def headers(request: Request) -> JSONResponse:
    return JSONResponse(dict(request.headers))


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[None]:
    if "in lifespan" in MODE:
        set_provider()
    yield
    for provider in providers:  # the signal that ends uvicorn ends the process too, before anything is flushed
        provider.force_flush()


def starlette() -> Any:
    api = Starlette(routes=[Route("/call/{what}", call), Route("/headers/{what}", headers)])
    return Starlette(lifespan=lifespan, routes=[Mount("/api", api)])


def fastapi() -> Any:
    from fastapi import FastAPI  # noqa: PLC0415  # not for the plain Starlette suite

    made, api = FastAPI(lifespan=lifespan), FastAPI()
    api.add_api_route("/call/{what}", call)
    api.add_api_route("/headers/{what}", headers)
    made.mount("/api", api)
    return made


if "provider first" in MODE:
    set_provider()
if "contrib by class" in MODE:  # as `opentelemetry-instrument` does it
    FastAPIInstrumentor().instrument()
app = starlette() if "starlette" in MODE else fastapi()
if "contrib first" in MODE:
    FastAPIInstrumentor.instrument_app(app, exclude_spans=["send", "receive"])
apivitals.instrument(app)
if "contrib after" in MODE:
    FastAPIInstrumentor.instrument_app(app, exclude_spans=["send", "receive"])
if "provider after" in MODE:
    set_provider()
