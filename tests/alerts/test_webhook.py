"""The webhook as Alertmanager meets it."""

import asyncio
import json
import threading
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import apivitals
from tests.alerts.notification import SHOWN, TOKEN, notification, one, posted
from tests.support.asgi import Client
from tests.support.vitals import ERRORS

pytestmark = pytest.mark.anyio

PATH = "/-/alerts"
FAILED = {"operation": "alert_callback"}


async def hello(request):
    return PlainTextResponse("hello")


class Service:
    """An application that takes alerts."""

    def __init__(self, shown):
        self.shown = shown
        self.on_alert = shown.vitals.on_alert
        self.client = Client(shown.app)

    async def notify(self, *alerts, body=None, headers=None, path=PATH):
        """Post a notification as Alertmanager does; the answer."""
        return await self.client.post(path, headers=headers or SHOWN, body=posted(*alerts) if body is None else body)

    def failures(self):
        """How many calls of callbacks have failed."""
        return self.shown.page().value(ERRORS, **FAILED)


@pytest.fixture
def service(instrumented):
    app = Starlette(routes=[Route("/x", hello)])
    return Service(instrumented(app, alert_webhook=True, alert_webhook_token=TOKEN))


@pytest.mark.parametrize("kind", ["async", "sync", "object", "a function that returns an awaitable"])
async def test_callbacks_of_all_kinds_get_each_alert(service, kind):
    taken: list[Any] = []

    async def later(alert):
        await asyncio.sleep(0)
        taken.append(alert)

    def indirectly(alert):
        return later(alert)

    class Taker:
        async def __call__(self, alert):
            taken.append(alert)

    callbacks = {
        "async": later,
        "sync": taken.append,
        "object": Taker(),
        "a function that returns an awaitable": indirectly,
    }
    service.on_alert(callbacks[kind])
    answer = await service.notify(one(fingerprint="a"), one("resolved", fingerprint="b"))
    assert (answer.status, answer.text) == (200, "taken\n")
    assert [(alert.fingerprint, alert.status) for alert in taken] == [("a", "firing"), ("b", "resolved")]


async def test_as_a_decorator_the_function_stays_what_it_is(service):
    taken: list[Any] = []

    @service.on_alert
    def first(alert):
        taken.append("first")

    @service.on_alert(timeout_seconds=5)
    async def second(alert):
        taken.append("second")

    await service.notify()
    assert sorted(taken) == ["first", "second"]
    first(None)
    assert taken.count("first") == 2


async def test_an_alert_is_taken_once_until_its_state_changes(service):
    taken: list[Any] = []
    service.on_alert(taken.append)
    later = "2026-11-22T00:00:00Z"
    for alert in (one(), one(), one("resolved"), one("resolved"), one(startsAt=later), one(fingerprint="b")):
        assert (await service.notify(alert)).status == 200
    assert [(alert.fingerprint[0], alert.status, alert.starts_at.day) for alert in taken] == [
        ("5", "firing", 21),
        ("5", "resolved", 21),
        ("5", "firing", 22),
        ("b", "firing", 21),
    ]


async def test_only_what_failed_is_delivered_again(service, caplog):
    """Alertmanager sends the whole notification again."""
    taken: list[Any] = []
    broken = True

    def picky(alert):
        if broken and alert.fingerprint == "b":
            raise ValueError("no")
        taken.append(("picky", alert.fingerprint))

    service.on_alert(picky)
    service.on_alert(lambda alert: taken.append(("steady", alert.fingerprint)))
    group = [one(fingerprint=name) for name in "abc"]
    answer = await service.notify(*group)
    assert answer.status == 500
    assert "picky failed at ApiErrorRateHigh: ValueError" in answer.text
    assert service.failures() == 1
    assert "ValueError: no" in caplog.text
    broken = False
    assert (await service.notify(*group)).status == 200
    assert sorted(taken) == [*(("picky", name) for name in "abc"), *(("steady", name) for name in "abc")]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, StopIteration, asyncio.CancelledError])
@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_no_exception_of_a_callback_ends_the_service(service, error, kind):
    def sync(alert):
        raise error

    async def asynchronous(alert):
        raise error

    service.on_alert(sync if kind == "sync" else asynchronous)
    assert (await service.notify()).status == 500
    assert (await service.client.get("/x")).text == "hello"


async def test_an_async_callback_that_hangs_is_cut_off(service):
    taken: list[apivitals.Alert] = []
    cancelled: list[apivitals.Alert] = []

    async def hanging(alert):
        if taken or cancelled:
            taken.append(alert)
            return
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(alert)
            raise

    service.on_alert(hanging, timeout_seconds=0.05)
    answer = await service.notify(one(fingerprint="a"), one(fingerprint="b"))
    assert answer.status == 500
    assert answer.text == "hanging failed at ApiErrorRateHigh: TimeoutError\n"
    assert [alert.fingerprint for alert in cancelled] == ["a"]
    assert (await service.notify(one(fingerprint="a"), one(fingerprint="b"))).status == 200
    assert [alert.fingerprint for alert in taken] == ["a", "b"]


async def test_a_thread_that_hangs_takes_nothing_from_the_service(service):
    """No second thread begins while the first hangs, requests have all theirs, and what ended late has been taken."""
    release, calls = threading.Event(), []

    def hanging(alert):
        calls.append(alert)
        release.wait(10)

    def endpoint(request):
        return PlainTextResponse("from a thread")

    service.shown.app.router.routes.append(Route("/sync", endpoint))
    service.on_alert(hanging, timeout_seconds=0.05)
    limiter = anyio.to_thread.current_default_thread_limiter()
    try:
        for _ in range(5):
            assert (await service.notify()).status == 500
        assert limiter.borrowed_tokens == 0
        assert (await service.client.get("/sync")).text == "from a thread"
        assert len(calls) == 1
        answer = await service.notify()
        assert "is still at an earlier alert" in answer.text
    finally:
        release.set()
    with anyio.fail_after(10):
        while (await service.notify()).status != 200:  # noqa: ASYNC110  # a thread has no event
            await asyncio.sleep(0.01)
    assert len(calls) == 1


async def test_requests_are_served_while_callbacks_work(service):
    started, release = asyncio.Event(), asyncio.Event()

    async def slow(alert):
        started.set()
        await release.wait()

    service.on_alert(slow)
    notifying = asyncio.create_task(service.notify())
    await started.wait()
    assert (await service.client.get("/x")).text == "hello"
    release.set()
    assert (await notifying).status == 200


async def test_two_alertmanagers_at_once_are_one_call(service):
    """As a pair of them does that each thinks the other dead."""
    calls = []

    async def slow(alert):
        calls.append(alert)
        await asyncio.sleep(0.02)

    service.on_alert(slow)
    answers = await asyncio.gather(*(service.notify() for _ in range(4)))
    assert [answer.status for answer in answers] == [200] * 4
    assert len(calls) == 1


async def test_callbacks_do_not_wait_for_each_other(service):
    both = threading.Barrier(2)
    service.on_alert(lambda _: both.wait(10))
    service.on_alert(lambda _: both.wait(10))
    assert (await service.notify()).status == 200


async def test_without_callbacks_alerts_are_taken(service):
    assert (await service.notify()).status == 200


@pytest.mark.parametrize(
    "headers", [{"content-type": "application/json"}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}]
)
async def test_who_does_not_show_the_token_is_refused(service, headers):
    taken: list[Any] = []
    service.on_alert(taken.append)
    answer = await service.notify(headers=headers)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer realm="alerts"')
    assert taken == []


async def test_the_body_of_a_stranger_is_not_read(service):
    async def body():
        raise AssertionError("it was read")
        yield b""

    assert (await service.client.post(PATH, body=body())).status == 401


async def test_token_from_a_file_can_be_rotated(instrumented, tmp_path):
    path = tmp_path / "token"
    path.write_text("old\n")
    service = Service(instrumented(Starlette(), alert_webhook=PATH, alert_webhook_token_file=path))
    assert (await service.notify(headers={"authorization": "Bearer old"})).status == 200
    path.write_text("new\n")
    assert (await service.notify(headers={"authorization": "Bearer old"})).status == 401
    assert (await service.notify(headers={"authorization": "Bearer new"})).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
async def test_other_methods(service, method):
    answer = await service.client.request(method, PATH, headers=SHOWN)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert (answer.body == b"") == (method == "HEAD")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Expecting value"),
        (b"alert!", "Expecting value"),
        (b"\xff", "decode"),
        (b"[" * 100_000, "recursion"),
        (b"{}", "version should be a string"),
        (json.dumps(notification(version="3")).encode(), "version is '3'"),
        (posted(one(startsAt="x")), "alerts[0].startsAt is 'x'"),
    ],
)
async def test_what_is_no_notification_is_refused_with_the_reason(service, body, reason):
    answer = await service.notify(body=body)
    assert answer.status == 400
    assert reason in answer.text


@pytest.mark.parametrize("announced", [True, False])
async def test_the_body_is_bounded(service, announced):
    chunk = b" " * 65536
    sent = 0

    async def body():
        nonlocal sent
        for _ in range(100):
            sent += len(chunk)
            yield chunk

    headers = {**SHOWN, **({"content-length": str(100 * len(chunk))} if announced else {})}
    answer = await service.client.post(PATH, headers=headers, body=body())
    assert answer.status == 413
    assert sent <= (0 if announced else 2**20 + len(chunk))


async def test_a_large_notification_is_taken(service):
    taken: list[Any] = []

    @service.on_alert
    async def take(alert):
        taken.append(alert)

    alerts = [one(fingerprint=f"{n:016x}") for n in range(1500)]
    assert 500_000 < len(posted(*alerts)) < 2**20
    assert (await service.notify(*alerts)).status == 200
    assert len(taken) == 1500


async def test_a_client_that_leaves_is_not_answered(service):
    taken: list[Any] = []
    service.on_alert(taken.append)

    async def body():
        yield posted()[:100]
        await asyncio.sleep(60)

    async with service.client.open("POST", PATH, headers=SHOWN, body=body()) as exchange:
        await asyncio.sleep(0)
        exchange.disconnect()
        exchange.cancel()
    assert (exchange.messages, taken) == ([], [])


async def test_is_no_route_and_not_measured(service):
    await service.client.get("/x")
    await service.notify()
    await service.notify(headers={"accept": "*/*"})
    assert service.shown.outcomes() == [("GET", "/x", "200", "", 1)]
    assert [route.path for route in service.shown.app.routes] == ["/x"]


async def test_is_not_behind_the_users_middleware(service):
    async def deny(request, call_next):
        return PlainTextResponse("who are you?", 401)

    service.shown.app.add_middleware(BaseHTTPMiddleware, dispatch=deny)
    assert (await service.client.get("/x")).status == 401
    assert (await service.notify()).status == 200


async def test_the_page_is_beside_it(service):
    assert (await service.client.get("/metrics")).status == 200
    assert (await service.client.get("/metrics/-/alerts", headers=SHOWN)).status == 404
    assert (await service.client.get("/x/-/alerts", headers=SHOWN)).status == 404


async def test_below_a_root_path_and_in_a_mount(service):
    below = Client(service.shown.app, root_path="/api")
    assert (await below.post("/api/-/alerts", headers=SHOWN, body=posted())).status == 200
    outer = Client(Starlette(routes=[Mount("/inner", app=service.shown.app)]))
    assert (await outer.post("/inner/-/alerts", headers=SHOWN, body=posted())).status == 200


async def test_without_the_setting_the_path_is_the_applications(instrumented, caplog):
    app = Starlette(routes=[Route(PATH, hello, methods=["POST"])])
    service = Service(instrumented(app))
    service.on_alert(print)
    assert "no alerts will come, because alert_webhook is off" in caplog.text
    assert (await service.notify()).text == "hello"


async def test_disabled_it_is_silent(instrumented, caplog):
    shown = instrumented(Starlette(), enabled=False, alert_webhook=True, alert_webhook_token=TOKEN)
    assert shown.vitals.on_alert(print) is print
    assert caplog.text == ""


async def test_after_uninstrument_it_is_gone(service):
    service.shown.vitals.uninstrument()
    assert (await service.notify()).status == 404


async def test_what_was_taken_is_not_remembered_for_ever(service, monkeypatch):
    monkeypatch.setattr("apivitals.alerts.taken._REMEMBERED", 3)
    taken: list[Any] = []
    service.on_alert(lambda alert: taken.append(alert.fingerprint))
    for name in "abcde":
        await service.notify(one(fingerprint=name))
    await service.notify(one(fingerprint="e"), one(fingerprint="a"))
    assert taken == [*"abcde", "a"]


async def test_a_callback_that_blocks_does_not_block_the_event_loop(service):
    entered, release = threading.Event(), threading.Event()
    turns = 0

    def blocking(alert):
        entered.set()
        release.wait(10)

    service.on_alert(blocking)
    notifying = asyncio.create_task(service.notify())
    while not notifying.done() and turns < 20:
        await asyncio.sleep(0.001)
        turns += entered.is_set()
    release.set()
    assert (await notifying).status == 200
    assert turns == 20
