"""How a run of the demo begins."""

import asyncio

import httpx
import pytest

from apivitals.demo import session
from apivitals.demo.errors import DemoError
from tests.demo.shop_text import EARLIER


@pytest.fixture
def first_scrape(monkeypatch):
    """Take the first scrape of a shop that leaves so many attempts without an answer."""
    monkeypatch.setattr(session, "_SCRAPE_SECONDS", 0.0)

    def take(unanswered):
        attempts = iter(range(unanswered))

        def answer(request):
            if next(attempts, None) is not None:
                raise httpx.ReadTimeout("", request=request)
            return httpx.Response(200, text=EARLIER)

        async def scenario():
            async with httpx.AsyncClient(base_url="http://shop", transport=httpx.MockTransport(answer)) as client:
                return await session.baseline(client, ())

        return asyncio.run(scenario())

    return take


def test_a_first_scrape_that_is_not_answered_is_made_again(first_scrape):
    assert first_scrape(unanswered=2).values("http_server_request_duration_seconds_count")


def test_a_shop_that_answers_no_first_scrape_is_one_line(first_scrape):
    with pytest.raises(DemoError, match=r"^http://shop/metrics does not answer \(ReadTimeout\)$"):
        first_scrape(unanswered=1000)
