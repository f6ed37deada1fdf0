"""In a request, what is tracked has its part of the response time."""

import asyncio
import threading
from time import perf_counter

import pytest

from apivitals.breakdown.current import CURRENT
from apivitals.breakdown.timeline import Timeline
from apivitals.operations.inference import inference
from apivitals.operations.track import record, track
from tests.operations.recorded import here

pytestmark = pytest.mark.anyio


def pause(seconds):
    threading.Event().wait(seconds)


def whole(request):
    return pytest.approx(request.ended - request.started)


async def test_time_and_calls_are_the_components(recorded, in_request):
    with in_request() as request:
        for _ in range(3):
            with track("resize", component="video"):
                pause(0.01)
    video = request.components()["video"]
    assert video.calls == 3
    assert video.seconds > 0.028
    assert sum(request.seconds.values()) == whole(request)


async def test_what_is_inside_is_taken_out_of_what_is_around(recorded, in_request):
    with in_request() as request, track("video"):
        pause(0.01)
        with track("database"):
            pause(0.03)
        pause(0.01)
    assert request.seconds["video"] > 0.018
    assert request.seconds["database"] > 0.028
    assert sum(request.seconds.values()) == whole(request)


async def test_concurrent_tasks_share_the_time(recorded, in_request):
    async def load(name):
        async with track(name):
            await asyncio.sleep(0.05)

    with in_request() as request:
        await asyncio.gather(load("one"), load("two"), load("two"))
    assert request.seconds["one"] + request.seconds["two"] > 0.045
    assert sum(request.seconds.values()) == whole(request)
    assert {name: request.components()[name].calls for name in ("one", "two")} == {"one": 1, "two": 2}


async def test_threads_of_the_request(recorded, in_request):
    def work():
        with track("video"):
            pause(0.01)

    with in_request() as request:
        await asyncio.gather(*(asyncio.to_thread(work) for _ in range(5)))
    assert request.components()["video"].calls == 5
    assert sum(request.seconds.values()) == whole(request)


async def test_an_error_closes_the_interval(recorded, in_request):
    with in_request() as request:
        with pytest.raises(KeyError), track("video"):
            raise KeyError
        assert here() is request
    assert request.components()["video"].calls == 1


async def test_outside_of_a_request_there_is_no_interval(recorded):
    with track("work"):
        assert here() is None
    assert recorded.counts() == {("work", "work", ""): 1}


async def test_after_the_response_only_the_metrics_are_left(recorded, in_request):
    with in_request() as request:
        request.end(perf_counter())
        with track("video"):
            assert here() is request
        record("video", 1.0)
    assert "video" not in request.seconds
    assert recorded.counts() == {("video", "video", ""): 2}


async def test_a_task_that_the_request_left_behind(recorded, in_request):
    proceed = asyncio.Event()

    async def late():
        async with track("video"):
            await proceed.wait()

    with in_request() as request:
        task = asyncio.create_task(late())
        await asyncio.sleep(0)
    proceed.set()
    await task
    assert request.components()["video"].calls == 1
    assert recorded.counts() == {("video", "video", ""): 1}


async def test_what_was_timed_elsewhere_takes_its_time_from_who_waited_for_it(recorded, in_request):
    with in_request() as request:
        pause(0.05)
        record("render", 0.02, component="video")
        record("render", 0.02, component="video")
    assert request.components()["video"].calls == 2
    assert request.seconds["video"] == pytest.approx(0.04)
    assert sum(request.seconds.values()) == whole(request)


async def test_an_inference_is_gen_ai_with_all_that_it_sends(recorded, in_request):
    with in_request() as request, inference():
        pause(0.01)
        interval = here()
        assert request.open(interval, "external", perf_counter(), is_exit=True) is None
    assert request.components()["gen_ai"].calls == 1
    assert request.seconds["gen_ai"] > 0.009


async def test_a_cached_answer_is_the_caches_time(recorded, in_request):
    with in_request() as request, inference() as call:
        call.cache_hit()
    assert request.components()["cache"].calls == 1
    assert "gen_ai" not in request.seconds


async def test_a_bare_timeline_is_no_request(recorded):
    token = CURRENT.set(Timeline(perf_counter()))
    with track("work"):
        pass
    CURRENT.reset(token)
    assert recorded.counts() == {("work", "work", ""): 1}
