"""WebSocket sessions: open, duration, messages each way, how they were closed."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

import apivitals
from tests.support.asgi import Client

pytestmark = pytest.mark.anyio

OPEN = "apivitals_websocket_server_active_sessions"
COUNT = "apivitals_websocket_server_session_duration_seconds_count"
SECONDS = "apivitals_websocket_server_session_duration_seconds_sum"
MESSAGES = "apivitals_websocket_server_messages_total"


@apivitals.priority("critical")
async def echo(websocket):
    await websocket.accept()
    try:
        while True:
            text = await websocket.receive_text()
            if text == "close":
                await websocket.close(4001)
                return
            if text == "fail":
                raise RuntimeError
            await websocket.send_text(text)
            await websocket.send_text(text)
    except WebSocketDisconnect:
        pass


async def refuse(websocket):
    await websocket.close(1008)


def application():
    return Starlette(
        routes=[Mount("/m/{m}", routes=[WebSocketRoute("/ws/{room}", echo)]), WebSocketRoute("/no", refuse)]
    )


def ended(shown):
    return [
        (labels["http_route"], labels["websocket_close_code"], labels["error_type"])
        for labels in shown.page().labels(COUNT)
    ]


async def test_open_session_and_messages_are_seen_while_it_lasts(instrumented):
    app = application()
    shown = instrumented(app)
    async with Client(app).websocket("/m/1/ws/lobby") as session:
        session.send("hello")
        assert await session.receive() == "hello"
        assert await session.receive() == "hello"
        page = shown.page()
        route = {"http_route": "/m/{m}/ws/{room}", "priority": "critical"}
        assert page.value(OPEN, **route) == 1
        assert page.value(MESSAGES, network_io_direction="receive", **route) == 1
        assert page.value(MESSAGES, network_io_direction="transmit", **route) == 2
        assert not page.has(COUNT)
        await asyncio.sleep(0.05)
    page = shown.page()
    assert page.value(OPEN) == 0
    assert 0.05 <= page.value(SECONDS) < 5
    assert ended(shown) == [("/m/{m}/ws/{room}", "1000", "")]


async def test_closed_by_the_application(instrumented):
    app = application()
    shown = instrumented(app)
    async with Client(app).websocket("/m/1/ws/x") as session:
        session.send("close")
        await session.ended()
    assert ended(shown) == [("/m/{m}/ws/{room}", "4001", "")]


async def test_connection_lost(instrumented):
    app = application()
    shown = instrumented(app)
    async with Client(app).websocket("/m/1/ws/x") as session:
        session.drop()
        await session.ended()
    assert ended(shown) == [("/m/{m}/ws/{room}", "1006", "client_disconnected")]


async def test_exception(instrumented):
    app = application()
    shown = instrumented(app)
    async with Client(app).websocket("/m/1/ws/x") as session:
        session.send("fail")
        await session.ended()
    assert ended(shown) == [("/m/{m}/ws/{room}", "1011", "RuntimeError")]
    assert shown.page().value(OPEN) == 0


async def test_cancelled(instrumented):
    app = application()
    shown = instrumented(app)
    async with Client(app).websocket("/m/1/ws/x") as session:
        session.cancel()
        await session.ended()
    assert [error for _, _, error in ended(shown)] == ["cancelled"]
    assert shown.page().value(OPEN) == 0


async def test_refused(instrumented):
    app = application()
    shown = instrumented(app)
    async with Client(app).websocket("/no") as session:
        await session.ended()
    assert ended(shown) == [("/no", "1008", "handshake_rejected")]
    assert shown.page().value(OPEN) == 0


async def test_close_codes_that_clients_invent_are_one_series(instrumented):
    app = application()
    shown = instrumented(app)
    for code in range(3000, 3050):
        async with Client(app).websocket("/m/1/ws/x") as session:
            session.close(code)
            await session.ended()
    assert ended(shown) == [("/m/{m}/ws/{room}", "_OTHER", "")]


async def test_excluded(instrumented):
    app = application()
    shown = instrumented(app, excluded_routes=["/m/*"])
    async with Client(app).websocket("/m/1/ws/x") as session:
        session.send("hello")
        assert await session.receive() == "hello"
    assert not shown.page().has(COUNT)
    assert not shown.page().has(MESSAGES)
