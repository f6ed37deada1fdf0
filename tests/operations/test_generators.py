"""A tracked generator runs while it produces: what its consumer does in between is not its time."""

import asyncio
import gc
import threading
from time import perf_counter

import pytest

from apivitals.operations.track import track
from tests.operations.recorded import DURATION, here

pytestmark = pytest.mark.anyio

OK = ("work", "work", "")


def pause(seconds):
    threading.Event().wait(seconds)


@track("work")
def numbers(count):
    try:
        for number in range(count):
            sent = yield number
            if sent:
                yield sent
    except KeyError:
        yield "caught"
    return "done"


@track("work")
async def async_numbers(count):
    try:
        for number in range(count):
            await asyncio.sleep(0)
            sent = yield number
            if sent:
                yield sent
    except KeyError:
        yield "caught"


async def test_all_items_are_one_call(recorded):
    assert list(numbers(3)) == [0, 1, 2]
    assert [number async for number in async_numbers(3)] == [0, 1, 2]
    assert recorded.counts() == {OK: 2}


async def test_the_consumers_time_is_not_the_generators(recorded):
    @track("work")
    def produce():
        for _ in range(3):
            pause(0.01)
            yield

    @track("async_work")
    async def produce_async():
        for _ in range(3):
            await asyncio.sleep(0.01)
            yield

    began, consumer = perf_counter(), []
    for _ in produce():
        paused = perf_counter()
        pause(0.05)
        consumer.append(perf_counter() - paused)
    whole = perf_counter() - began
    assert 0.028 < recorded.histogram(DURATION)["work", "work", ""].sum <= whole - sum(consumer)

    began, consumer = perf_counter(), []
    async for _ in produce_async():
        paused = perf_counter()
        await asyncio.sleep(0.05)
        consumer.append(perf_counter() - paused)
    whole = perf_counter() - began
    assert 0.028 < recorded.histogram(DURATION)["async_work", "async_work", ""].sum <= whole - sum(consumer)


async def test_the_consumer_is_outside(recorded, in_request):
    """In the breakdown too, and it does not inherit the interval."""
    with in_request() as request:
        for _ in numbers(2):
            assert here() is request
        async for _ in async_numbers(2):
            assert here() is request
    assert request.components()["work"].calls == 2


async def test_work_inside_is_inside(recorded, in_request):
    seen = []

    @track("work")
    async def produce():
        seen.append(here())
        yield
        seen.append(here())

    with in_request() as request:
        async for _ in produce():
            pass
    assert [(interval.component, interval.parent) for interval in seen] == [("work", request)] * 2
    assert request.components()["work"].calls == 1


async def test_send_throw_and_return_go_through(recorded):
    generator = numbers(3)
    assert next(generator) == 0
    assert generator.send("sent") == "sent"
    assert generator.throw(KeyError("k")) == "caught"
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "done"
    async_generator = async_numbers(3)
    assert await async_generator.asend(None) == 0
    assert await async_generator.asend("sent") == "sent"
    assert await async_generator.athrow(KeyError("k")) == "caught"
    with pytest.raises(StopAsyncIteration):
        await async_generator.asend(None)
    assert recorded.counts() == {OK: 2}


async def test_an_error_in_the_middle(recorded):
    @track("work")
    def fail():
        yield 1
        raise LookupError

    @track("work")
    async def fail_async():
        yield 1
        raise LookupError

    with pytest.raises(LookupError):
        list(fail())
    with pytest.raises(LookupError):
        [item async for item in fail_async()]
    assert recorded.counts() == {("work", "work", "LookupError"): 2}


async def test_closed_early_is_no_error_and_cleans_up(recorded):
    cleaned = []

    @track("work")
    def produce():
        try:
            yield 1
        finally:
            cleaned.append("sync")

    @track("work")
    async def produce_async():
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            cleaned.append("async")

    generator = produce()
    next(generator)
    generator.close()
    async_generator = produce_async()
    await async_generator.asend(None)
    await async_generator.aclose()
    assert cleaned == ["sync", "async"]
    assert recorded.counts() == {OK: 2}


async def test_dropped_in_the_middle_is_recorded_too(recorded):
    generator = numbers(3)
    next(generator)
    del generator
    gc.collect()
    assert recorded.counts() == {OK: 1}


async def test_never_started_is_never_called(recorded):
    numbers(3).close()
    await async_numbers(3).aclose()
    assert recorded.counts() == {}


async def test_cancelled_while_it_produces(recorded):
    begun = asyncio.Event()

    @track("work")
    async def produce():
        yield 1
        begun.set()
        await asyncio.Event().wait()

    async def consume():
        async for _ in produce():
            pass

    task = asyncio.create_task(consume())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert recorded.counts() == {("work", "work", "cancelled"): 1}


async def test_each_item_in_a_thread_of_its_own(recorded, in_request):
    """As Starlette sends a sync iterator: every step has a copy of the request's context."""
    with in_request() as request:
        generator = numbers(3)
        while await asyncio.to_thread(next, generator, None) is not None:
            assert here() is request
    assert recorded.counts() == {OK: 1}
    assert request.components()["work"].calls == 1


async def test_many_generators_at_once_add_up(recorded, in_request):
    @track("work")
    async def produce():
        for _ in range(3):
            await asyncio.sleep(0.002)
            yield

    async def consume():
        return [item async for item in produce()]

    started = perf_counter()
    with in_request() as request:
        await asyncio.gather(*(consume() for _ in range(10)))
    assert sum(request.seconds.values()) == pytest.approx(request.ended - request.started)
    assert request.seconds["work"] <= perf_counter() - started
    assert recorded.counts() == {OK: 10}
