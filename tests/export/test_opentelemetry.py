"""Metrics made with the OpenTelemetry API reach the same page, whoever sets the meter provider, and when.

The global provider can be set once in a process, so each order is a process of its own.
"""

import subprocess
import sys
import textwrap

import pytest

PRELUDE = """
    import asyncio, json, sys
    from opentelemetry import metrics
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route
    import apivitals
    from tests.support.asgi import Client
    from tests.support.exposition import samples

    async def hello(request):
        return PlainTextResponse("hello")

    def application(**options):
        return Starlette(routes=[Route("/x", hello)], **options)

    async def page_of(app):
        return samples((await Client(app).get("/metrics")).text)
"""


def run(body):
    """Run `body` in a fresh interpreter; it asserts for itself."""
    code = textwrap.dedent(PRELUDE) + textwrap.dedent(body)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "shutdown failed" not in done.stderr, "the provider ends in peace, too"
    return done


def test_nobody_sets_a_provider():
    run("""
    orders = metrics.get_meter("shop").create_counter("orders", unit="1", description="Orders.")
    app = application()
    apivitals.instrument(app)

    async def main():
        async with Client(app).lifespan():
            orders.add(3, {"shop.kind": "video"})
            metrics.get_meter("shop").create_histogram("size", unit="By").record(5)
            page = await page_of(app)
            assert page.value("orders_total", shop_kind="video") == 3, page.names()
            assert page.value("size_bytes_count") == 1
            assert not [s for s in page if any(label.startswith("otel_scope") for label in s.labels)]
            assert len(page.series("target_info")) == 1

    asyncio.run(main())
    """)


def test_without_a_lifespan_the_first_request_attaches():
    run("""
    app = application()
    apivitals.instrument(app)

    async def main():
        await Client(app).get("/x")
        metrics.get_meter("shop").create_counter("orders").add(2)
        assert (await page_of(app)).value("orders_total") == 2

    asyncio.run(main())
    """)


def test_user_sets_a_provider_before():
    run("""
    theirs = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([theirs]))
    app = application()
    apivitals.instrument(app)

    async def main():
        async with Client(app).lifespan():
            metrics.get_meter("shop").create_counter("orders").add(2)
            assert (await page_of(app)).value("orders_total") == 2
            assert "orders" in theirs.get_metrics_data().to_json()

    asyncio.run(main())
    """)


def test_user_sets_a_provider_in_the_lifespan_after_instrument():
    """Theirs must win: a provider that comes second is refused by OpenTelemetry, and their exporter would be mute."""
    done = run("""
    import contextlib
    theirs = InMemoryMetricReader()

    @contextlib.asynccontextmanager
    async def lifespan(app):
        metrics.set_meter_provider(MeterProvider([theirs]))
        yield

    app = application(lifespan=lifespan)
    apivitals.instrument(app)

    async def main():
        async with Client(app).lifespan():
            metrics.get_meter("shop").create_counter("orders").add(2)
            assert (await page_of(app)).value("orders_total") == 2
            assert "orders" in theirs.get_metrics_data().to_json()

    asyncio.run(main())
    """)
    assert "Overriding" not in done.stderr


def test_exponential_histogram_fails_alone():
    """The exporter raises on one; the page goes on without the API's metrics, and says so."""
    run("""
    from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
    exponential = View(instrument_name="h", aggregation=ExponentialBucketHistogramAggregation())
    metrics.set_meter_provider(MeterProvider(views=[exponential]))
    app = application()
    apivitals.instrument(app)

    async def main():
        async with Client(app).lifespan():
            metrics.get_meter("shop").create_histogram("h").record(5)
            await Client(app).get("/x")
            await page_of(app)
            page = await page_of(app)
            assert page.value("http_server_request_duration_seconds_count") == 1
            assert page.value("apivitals_internal_errors_total", operation="collect") >= 1

    asyncio.run(main())
    """)


def test_switched_off_leaves_the_provider_unset():
    run("""
    app = application()
    apivitals.instrument(app, opentelemetry_metrics=False)

    async def main():
        async with Client(app).lifespan():
            await Client(app).get("/x")
        assert "Proxy" in type(metrics.get_meter_provider()).__name__

    asyncio.run(main())
    """)


def test_uninstrument_and_again():
    run("""
    app = application()
    vitals = apivitals.instrument(app)

    async def main():
        await Client(app).get("/x")
        counter = metrics.get_meter("shop").create_counter("orders")
        counter.add(2)
        vitals.uninstrument()
        counter.add(2)
        apivitals.instrument(app)
        await Client(app).get("/x")
        counter.add(2)
        assert (await page_of(app)).value("orders_total") >= 2

    asyncio.run(main())
    """)


def test_fastapi_does_not_measure_a_second_time():
    """A meter provider that is set because of us must not switch FastAPI's own metrics on, here or in a mount."""
    pytest.importorskip("fastapi.telemetry", reason="this FastAPI has no telemetry of its own (before 0.143)")
    run("""
    from fastapi import FastAPI
    inner, app = FastAPI(), FastAPI()

    @inner.get("/y")
    async def y():
        return 1

    app.mount("/inner", inner)
    vitals = apivitals.instrument(app)

    async def main():
        async with Client(app).lifespan():
            await Client(app).get("/inner/y")
            assert not app._native_telemetry.enabled()
            assert not inner._native_telemetry.enabled()
            page = await page_of(app)
            assert page.value("http_server_request_duration_seconds_count", http_route="/inner/y") == 1
            vitals.uninstrument()
            assert app._native_telemetry.enabled()
            assert inner._native_telemetry.enabled()

    asyncio.run(main())
    """)


def test_fastapi_native_metrics_of_the_users_own_provider_are_not_on_our_page_twice():
    pytest.importorskip("fastapi.telemetry", reason="this FastAPI has no telemetry of its own (before 0.143)")
    run("""
    from fastapi import FastAPI
    theirs = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([theirs]))
    app = FastAPI()

    @app.get("/y")
    async def y():
        return 1

    apivitals.instrument(app)

    async def main():
        async with Client(app).lifespan():
            await Client(app).get("/y")
            page = await page_of(app)  # refuses a family that is there twice
            assert page.value("http_server_request_duration_seconds_count") == 1
            assert page.value("apivitals_internal_errors_total") == 0
            assert "http.server.request.duration" in theirs.get_metrics_data().to_json(), "their own pipeline goes on"

    asyncio.run(main())
    """)
