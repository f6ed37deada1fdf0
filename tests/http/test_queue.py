"""Queue time, from the header of a proxy that is trusted."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from apivitals.http.queue import FUTURE, MALFORMED, OLDEST_SECONDS, TOO_OLD, stamped_at, waited
from tests.support.asgi import Client

NOW = 1_795_253_571.25
QUEUE = "apivitals_http_server_queue_duration_seconds"
REJECTED = "apivitals_http_server_queue_rejected_total"


@pytest.mark.parametrize(
    ("value", "by"),
    [
        (b"t=1795253571.123", "nginx"),
        (b"1795253571.123", "seconds"),
        (b"1795253571123", "Heroku"),
        (b"t=1795253571123456", "Apache"),
        (b"1795253571123456789", "Render"),
        (b"  t=1795253571.123  ", "with white space around"),
    ],
)
def test_every_unit_is_understood(value, by):
    assert stamped_at(value) == pytest.approx(1_795_253_571.123, abs=0.001)
    assert waited(value, NOW) == pytest.approx(0.127, abs=0.001)


@pytest.mark.parametrize(
    "value",
    [b"", b"t=", b"now", b"-5", b"1e18", b"nan", b"inf", b"t=t=1795253571", b"0x6b", b"1" * 21, b"1,2", b"\xb2"],
)
def test_what_is_no_time_is_malformed(value):
    assert waited(value, NOW) == MALFORMED


def test_a_clock_ahead_of_ours_is_rejected_but_rounding_is_not():
    assert waited(b"1795253571.2508", NOW) == 0.0
    assert waited(b"1795253571.3", NOW) == FUTURE


def test_a_stamp_that_is_too_old_is_rejected():
    assert waited(b"%.3f" % (NOW - OLDEST_SECONDS + 1), NOW) == pytest.approx(OLDEST_SECONDS - 1)
    assert waited(b"%.3f" % (NOW - OLDEST_SECONDS - 1), NOW) == TOO_OLD
    assert waited(b"17", NOW) == TOO_OLD


@given(st.floats(0, OLDEST_SECONDS - 1), st.sampled_from([1, 10**3, 10**6, 10**9]))
def test_a_stamp_written_in_any_unit_is_read_back(seconds, per_second):
    value = b"%.3f" % (NOW - seconds) if per_second == 1 else b"%d" % ((NOW - seconds) * per_second)
    assert waited(value, NOW) == pytest.approx(seconds, abs=0.002)


@given(st.binary(max_size=40))
def test_no_header_breaks_anything(value):
    assert isinstance(waited(value, NOW), float | str)


async def hello(request):
    return PlainTextResponse("hello")


@pytest.fixture
def served(instrumented):
    app = Starlette(routes=[Route("/hello", hello)])
    return lambda **settings: (instrumented(app, **settings), Client(app))


@pytest.mark.anyio
async def test_the_header_is_not_read_unless_it_is_trusted(served):
    inside, client = served()
    await client.get("/hello", headers={"x-request-start": "1"})
    assert not inside.page().series(f"{QUEUE}_count")
    assert not inside.page().series(REJECTED)


@pytest.mark.anyio
async def test_a_trusted_header_becomes_the_queue_time_of_its_route(served):
    inside, client = served(trust_queue_header=True)
    now = time.time()
    await client.get("/hello", headers={"x-request-start": f"t={now - 10:.3f}", "x-queue-start": "17"})
    await client.get("/hello", headers={"x-queue-start": f"{(now - 20) * 1000:.0f}"})
    await client.get("/hello")
    passed = time.time() - now
    page = inside.page()
    (count,) = page.series(f"{QUEUE}_count")
    assert (count.labels, count.value) == (
        {"http_request_method": "GET", "http_route": "/hello", "priority": "medium"},
        2.0,
    )
    assert 29.99 <= page.value(f"{QUEUE}_sum") <= 30.01 + 2 * passed
    assert page.value(REJECTED, reason="malformed") == 0.0


@pytest.mark.anyio
async def test_what_cannot_be_believed_is_counted_by_reason(served):
    inside, client = served(trust_queue_header=True)
    for stamp in ("soon", f"{time.time() + 100:.0f}", "17", "18"):
        await client.get("/hello", headers={"x-request-start": stamp})
    page = inside.page()
    rejected = {sample.labels["reason"]: sample.value for sample in page.series(REJECTED)}
    assert rejected == {"malformed": 1.0, "future": 1.0, "too_old": 2.0}
    assert page.value(f"{QUEUE}_count") == 0.0
