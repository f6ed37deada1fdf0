"""The sources begin and end with the service, and what they read is on the page."""

import asyncio
import threading

import anyio
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from apivitals.export.collector import ResourceCollector
from apivitals.sources.host import Host
from apivitals.sources.process import Process
from tests.support.asgi import Client
from tests.support.exposition import samples
from tests.support.vitals import SOURCES, Instrumented

pytestmark = pytest.mark.anyio

SHOWN = {
    "host": "system_memory_limit_bytes",
    "process": "process_memory_usage_bytes",
    "container": "apivitals_memory_utilization",
    "gpu": "apivitals_gpu_up",
    "event_loop": "apivitals_event_loop_tasks",
    "gc": "cpython_gc_collections_total",
}


async def hello(request):
    return PlainTextResponse("hello")


@pytest.fixture
def instrumented():
    made = []

    def make(**settings):
        made.append(Instrumented(Starlette(routes=[Route("/x", hello)]), **settings))
        return made[-1]

    yield make
    for one in made:
        one.vitals.uninstrument()


async def until(shown, condition):
    with anyio.fail_after(20):
        while not condition(shown.page()):  # noqa: ASYNC110  # a page has no event
            await asyncio.sleep(0.02)
    return shown.page()


def shows_everything(page):
    """Whatever each thread has sampled, and what is known only from the second sample on."""
    return (
        all(page.has(name) for name in (*SHOWN.values(), "apivitals_cpu_utilization", "apivitals_thread_pool_size"))
        and page.has("process_cpu_utilization", cpu_mode="user")
        and page.has("system_cpu_utilization", cpu_mode="idle")
        and page.value("apivitals_event_loop_lag_seconds_count") > 0
    )


async def nothing_runs():
    with anyio.fail_after(20):
        while threads():  # noqa: ASYNC110  # a thread has none for asyncio
            await asyncio.sleep(0.02)


def threads():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("apivitals")]


async def test_every_source_is_on_the_page(instrumented):
    shown = instrumented(disabled_sources=(), sample_interval_seconds=0.3)
    async with Client(shown.app).lifespan():
        page = await until(shown, shows_everything)
        for source in ("host", "process", "container", "utilization", "gpu", "event_loop", "gc"):
            assert page.value("apivitals_source_up", source=source) == 1, source
            assert page.value("apivitals_source_sample_age_seconds", source=source) < 20


@pytest.mark.parametrize("off", SOURCES)
async def test_each_source_can_be_switched_off(instrumented, off):
    others = [source for source in SOURCES if source != off]
    one = instrumented(disabled_sources=[off], sample_interval_seconds=0.2)
    async with Client(one.app).lifespan():
        page = await until(one, lambda page: all(page.has(SHOWN[source]) for source in others))
        assert not page.has(SHOWN[off])
        assert not page.has("apivitals_source_up", source=off)


async def test_nothing_runs_before_the_service_starts_or_after_it_ends(instrumented):
    await nothing_runs()
    shown = instrumented(disabled_sources=())
    assert threads() == []
    async with Client(shown.app).lifespan():
        assert sorted(threads()) == ["apivitals-machine", "apivitals-process", "apivitals-watchdog"]
    await nothing_runs()
    assert not shown.page().has("process_memory_usage_bytes"), "an old sample is not passed off as a new one"


async def test_without_a_lifespan_the_first_request_starts_them(instrumented):
    shown = instrumented(disabled_sources=["gpu"], sample_interval_seconds=0.2)
    await Client(shown.app).get("/x")
    await until(shown, lambda page: page.has("process_memory_usage_bytes"))


async def test_all_off_no_thread(instrumented):
    await nothing_runs()
    shown = instrumented(disabled_sources=SOURCES)
    async with Client(shown.app).lifespan():
        assert threads() == []


def test_sources_in_anybodys_registry():
    registry = CollectorRegistry()
    registry.register(ResourceCollector([Host(), Process()]))
    page = samples(generate_latest(registry))
    assert page.value("process_thread_count") >= 1
    assert page.has("system_memory_usage_bytes", system_memory_state="used")
    assert page.value("apivitals_source_up", source="host") == 1


def test_registry_takes_a_sample_a_second_at_most():
    now = [0.0]

    class Counting:
        name = "counting"
        calls = 0

        def collect(self):
            self.calls += 1
            return iter(())

    source = Counting()
    collector = ResourceCollector([source], clock=lambda: now[0])
    for now[0] in (0.0, 0.5, 0.9, 1.0, 1.5, 2.5):
        list(collector.collect())
    assert source.calls == 3
