"""`track()` times what it is put around, in every form, and passes everything on."""

import asyncio
import functools
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import pytest

from apivitals.operations.track import track
from tests.operations.recorded import DURATION, ITEMS

pytestmark = pytest.mark.anyio

OK = ("work", "work", "")


@track("work")
def plain(value, *, other=0):
    return value + other


@track("work")
async def coroutine(value, *, other=0):
    await asyncio.sleep(0)
    return value + other


async def test_functions_of_both_colours_return_what_they_return(recorded):
    assert plain(1, other=2) == 3
    assert await coroutine(1, other=2) == 3
    assert recorded.counts() == {OK: 2}


async def test_blocks_of_both_kinds(recorded):
    with track("work") as operation:
        operation.items(2)
    async with track("work") as operation:
        operation.items()
        operation.items(0.5)
    assert recorded.counts() == {OK: 2}
    assert recorded.counter(ITEMS) == {("work", "work"): 3.5}


async def test_the_time_is_that_of_the_work(recorded):
    began = perf_counter()
    async with track("work"):
        await asyncio.sleep(0.05)
    with track("work"):
        pass
    whole = perf_counter() - began
    assert 0.045 < recorded.histogram(DURATION)[OK].sum <= whole


async def test_component_is_the_name_unless_given(recorded):
    with track("database"):
        pass
    with track("resize", component="video"):
        pass
    assert set(recorded.counts()) == {("database", "database", ""), ("resize", "video", "")}


class ShopError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "error_type"),
    [
        (KeyError("k"), "KeyError"),
        (ShopError(), f"{__name__}.ShopError"),
        (asyncio.CancelledError(), "cancelled"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (StopIteration(), ""),
        (GeneratorExit(), ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
async def test_an_exception_passes_on_unchanged_and_is_the_error_type(recorded, error, error_type):
    def fail():
        raise error

    with pytest.raises(type(error)) as caught:
        track("work")(fail)()
    assert caught.value is error
    with pytest.raises(type(error)) as caught, track("work"):
        fail()
    assert caught.value is error
    assert recorded.counts() == {("work", "work", error_type): 2}


async def test_an_exception_from_a_coroutine(recorded):
    @track("work")
    async def fail():
        raise ShopError

    with pytest.raises(ShopError):
        await fail()
    assert recorded.counts() == {("work", "work", f"{__name__}.ShopError"): 1}


async def test_an_exception_alone_in_a_group_gives_its_name(recorded):
    group = type("ExceptionGroup", (Exception,), {"exceptions": (KeyError("k"),)})  # as 3.11's; 3.10 has none
    with pytest.raises(group), track("work"):
        raise group
    assert recorded.counts() == {("work", "work", "KeyError"): 1}


async def test_a_cancelled_task_is_cancelled(recorded):
    begun = asyncio.Event()

    @track("work")
    async def wait():
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert recorded.counts() == {("work", "work", "cancelled"): 1}


@pytest.mark.parametrize(("error", "error_type"), [("corrupt_frame", "corrupt_frame"), (KeyError("k"), "KeyError")])
async def test_a_failure_that_raises_nothing_can_be_told(recorded, error, error_type):
    with track("work") as operation:
        operation.error(error)
    assert recorded.counts() == {("work", "work", error_type): 1}


async def test_one_decorator_for_many_calls_at_once(recorded):
    together = asyncio.Barrier(20) if hasattr(asyncio, "Barrier") else None

    @track("work")
    async def fail(number):
        if together is not None:
            await together.wait()
        if number % 2:
            raise ShopError

    results = await asyncio.gather(*map(fail, range(20)), return_exceptions=True)
    assert [type(result) for result in results] == [type(None), ShopError] * 10
    assert recorded.counts() == {OK: 10, ("work", "work", f"{__name__}.ShopError"): 10}


def test_threads_lose_nothing(recorded):
    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(lambda: [plain(n) for n in range(500)])
    assert recorded.counts() == {OK: 4000}


@track("work")
def generator(count):
    yield from range(count)


@track("work")
async def async_generator(count):
    for number in range(count):
        yield number


async def test_a_function_is_still_what_it_was():
    assert inspect.iscoroutinefunction(coroutine)
    assert inspect.isgeneratorfunction(generator)
    assert inspect.isasyncgenfunction(async_generator)
    assert not inspect.iscoroutinefunction(plain)
    assert not inspect.isgeneratorfunction(plain)
    assert str(inspect.signature(plain)) == "(value, *, other=0)"
    assert (plain.__name__, plain.__module__) == ("plain", __name__)


class Service:
    @track("work")
    def method(self):
        return self

    @staticmethod
    @track("work")
    def static():
        return "static"

    @classmethod
    @track("work")
    def of_class(cls):
        return cls

    async def __call__(self):
        return self


async def test_methods(recorded):
    service = Service()
    assert service.method() is service
    assert service.static() == "static"
    assert service.of_class() is Service
    assert recorded.counts() == {OK: 3}


async def test_what_can_be_called_and_is_no_function(recorded):
    assert track("work")(functools.partial(plain, 1))(other=1) == 2
    assert await track("work")(functools.partial(coroutine, 1))() == 1
    service = Service()
    assert await track("work")(service)() is service
    assert recorded.counts() == {OK: 5}


async def test_nested_operations_are_counted_each(recorded):
    with track("work"), track("inner"):
        pass
    assert recorded.counts() == {OK: 1, ("inner", "inner", ""): 1}


async def test_items_that_are_no_number_cost_only_themselves(recorded, caplog):
    with track("work") as operation:
        operation.items(-1)
        operation.items("three")  # type: ignore[arg-type]  # which is what is tested
        operation.items(float("nan"))
        operation.error("")
        operation.items(2)
    assert recorded.counts() == {OK: 1}
    assert recorded.counter(ITEMS) == {("work", "work"): 2}
    assert "a number of items is a number, not 'three'" in caplog.text
    recorded.expected_errors = 4


def test_frames_per_second_come_from_the_metrics(recorded):
    @track("decode", component="video")
    def decode(frames):
        for _ in range(frames):
            with track("frame", component="video") as operation:
                threading.Event().wait(0.001)
                operation.items()

    began = perf_counter()
    decode(20)
    whole = perf_counter() - began
    busy_seconds = recorded.histogram(DURATION)["frame", "video", ""].sum
    frames = recorded.counter(ITEMS)["frame", "video"]
    assert frames == 20
    assert frames / whole <= frames / busy_seconds < 1000
