"""One object of `track()` entered by several at once: each call has its own time and its own end."""

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from apivitals.breakdown.current import CURRENT
from apivitals.operations.track import track
from tests.operations.recorded import here

pytestmark = pytest.mark.anyio

OK = ("work", "work", "")
FAILED = ("work", "work", "KeyError")


async def test_again_and_again(recorded):
    shared = track("work")
    for _ in range(3):
        with shared:
            pass
    assert recorded.counts() == {OK: 3}


async def test_inside_itself(recorded, in_request):
    shared = track("work")
    with in_request() as request:
        with shared as outer:
            with pytest.raises(KeyError), shared as inner:
                raise KeyError
            assert inner is not outer
            assert inner.ended
            assert not outer.ended
        assert outer.ended
    assert recorded.counts() == {OK: 1, FAILED: 1}
    assert request.components()["work"].calls == 2


async def test_tasks_that_end_in_another_order_than_they_began(recorded):
    shared = track("work")
    proceed = [asyncio.Event() for _ in range(4)]
    calls = {}

    async def work(number):
        async with shared as calls[number]:
            await proceed[number].wait()
            if number % 2:
                raise KeyError

    tasks = [asyncio.create_task(work(number)) for number in range(4)]
    await asyncio.sleep(0)
    for number in (1, 0, 2, 3):
        proceed[number].set()
        await asyncio.wait([tasks[number]])
        assert calls.pop(number).ended
        assert not any(call.ended for call in calls.values())
    assert [type(task.exception()) for task in tasks] == [type(None), KeyError] * 2
    assert recorded.counts() == {OK: 2, FAILED: 2}


def test_threads(recorded):
    shared = track("work")
    together = threading.Barrier(8)

    def work():
        together.wait()
        for _ in range(200):
            with shared:
                pass

    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(work) for _ in range(8)]
    assert [future.result() for future in done] == [None] * 8
    assert recorded.counts() == {OK: 1600}


async def test_left_in_another_thread_than_it_was_entered_in(recorded, in_request):
    """As FastAPI does with a sync dependency that yields: both times in a copy of the request's context."""
    once = track("work")
    with in_request() as request:
        await asyncio.to_thread(once.__enter__)
        await asyncio.to_thread(once.__exit__, None, None, None)
        assert here() is request
    assert recorded.counts() == {OK: 1}
    assert request.components()["work"].calls == 1


async def test_shared_and_left_in_another_context(recorded):
    """Nothing tells whose call ends; all the same none is lost."""
    shared = track("work")
    for _ in range(3):
        contextvars.copy_context().run(shared.__enter__)
    for _ in range(3):
        contextvars.copy_context().run(shared.__exit__, None, None, None)
    assert recorded.counts() == {OK: 3}


def test_left_by_two_threads_that_choose_the_same_call(recorded, monkeypatch):
    """Where nothing tells whose call ends, both choose the oldest: the one that comes too late takes the other."""

    class Contested(list[object]):
        overtaken = False

        def remove(self, call):
            if not self.overtaken:
                self.overtaken = True
                shared.__exit__(None, None, None)  # as another thread does between the choice and this
            super().remove(call)

    shared, calls = track("work"), Contested()
    monkeypatch.setattr(shared, "_entered", calls)  # threads meet between the two steps too seldom
    for _ in range(2):
        contextvars.copy_context().run(shared.__enter__)
    shared.__exit__(None, None, None)
    assert recorded.counts() == {OK: 2}
    assert calls == [], "one that stays would be taken for a call under way"


async def test_left_once_too_often(recorded):
    shared = track("work")
    with shared:
        pass
    shared.__exit__(None, None, None)
    assert recorded.counts() == {OK: 1}


async def test_a_generator_left_in_the_middle_of_its_block(recorded, in_request):
    def produce():
        with track("outer"):
            yield

    with in_request() as request:
        generator = produce()
        next(generator)
        with track("inner"):
            generator.close()
            assert here().component == "inner"
        with track("after"):
            pass
        CURRENT.set(request)
    assert {name: component.calls for name, component in request.components().items() if component.calls} == {
        "outer": 1,
        "inner": 1,
        "after": 1,
    }
