"""The load: when visits begin, what they are, and that neither depends on the service's answers."""

import asyncio
from collections import Counter
from itertools import islice, pairwise, takewhile

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apivitals.demo import load as load_module
from apivitals.demo.load import Load, arrivals
from apivitals.demo.mix import VISITS, Visit, in_order
from tests.support.servers import closed_port


@given(st.floats(1, 60))
def test_visits_never_come_faster_than_the_highest_rate(rate):
    times = list(islice(arrivals(rate), 500))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= 1 / rate * (1 - 1e-9)
    assert max(gaps) <= 1 / rate / 0.4 * (1 + 1e-9)


def test_the_wave_is_seven_tenths_of_the_highest_rate_on_average():
    visits = sum(1 for _ in takewhile(lambda at: at < 400, arrivals(30)))
    assert visits / 400 == pytest.approx(0.7 * 30, rel=0.01)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_each_kind_of_visit_comes_as_often_as_its_weight_says(weights):
    visits = [Visit(str(index), weight, lambda *_: asyncio.sleep(0)) for index, weight in enumerate(weights)]
    seen = Counter(visit.name for visit in islice(in_order(visits), 3 * sum(weights)))
    assert seen == {str(index): 3 * weight for index, weight in enumerate(weights)}


def test_every_kind_of_visit_comes_in_the_first_two_seconds():
    in_two_seconds = sum(1 for _ in takewhile(lambda at: at < 2, arrivals(30)))
    assert {visit.name for visit in islice(in_order(VISITS), in_two_seconds)} == {visit.name for visit in VISITS}


async def until(condition):
    """Poll until it holds; ten seconds at most."""

    async def poll():
        while not condition():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.01)

    await asyncio.wait_for(poll(), 10)


class StuckShop:
    """A shop that takes requests and answers none until it is told to."""

    def __init__(self):
        self.taken = asyncio.Event()
        self.opened = asyncio.Event()
        self.requests = 0

    async def handle(self, _):
        self.requests += 1
        if self.requests == 5:
            self.taken.set()
        await self.opened.wait()
        return httpx.Response(200)


@pytest.fixture
def stuck(monkeypatch):
    """Give a factory of loads on a stuck shop, without the WebSocket viewers."""
    monkeypatch.setattr(load_module, "_VIEWERS", 0)

    def make(limit=100):
        monkeypatch.setattr(load_module, "_IN_FLIGHT_LIMIT", limit)
        shop = StuckShop()
        return shop, Load("http://shop", 50, transport=httpx.MockTransport(shop.handle))

    return make


def test_a_shop_that_does_not_answer_is_visited_on(stuck):
    async def scenario():
        shop, load = stuck()
        load.start()
        await asyncio.wait_for(shop.taken.wait(), 10)
        shop.opened.set()
        await load.stop()
        return shop, load

    shop, load = asyncio.run(scenario())
    assert shop.requests >= 5
    assert load.tally.sent >= 5
    assert load.tally.failed == load.tally.skipped == 0


def test_no_more_than_the_limit_is_in_flight_and_the_rest_is_counted(stuck):
    async def scenario():
        shop, load = stuck(limit=5)
        load.start()
        await asyncio.wait_for(shop.taken.wait(), 10)
        await until(lambda: load.tally.skipped >= 3)
        shop.opened.set()
        await load.stop()
        return shop, load

    shop, load = asyncio.run(scenario())
    assert shop.requests == load.tally.sent == 5
    assert load.tally.skipped >= 3


def test_a_shop_that_is_not_there_is_counted_and_does_not_end_the_load():
    async def scenario():
        with closed_port() as port:
            load = Load(f"http://127.0.0.1:{port}", 50)
            load.start()
            await until(lambda: load.tally.failed >= 3)
            await load.stop()
        return load

    load = asyncio.run(scenario())
    assert load.tally.failed >= 3
    assert load.tally.failed <= load.tally.sent
