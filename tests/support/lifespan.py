"""The lifespan of an ASGI app, started and stopped by the test."""

import asyncio
from types import TracebackType
from typing import Any

from starlette.types import ASGIApp, Message
from typing_extensions import Self

DEADLINE_SECONDS = 60.0


class LifespanFailedError(Exception):
    """The app answered `startup.failed` or `shutdown.failed`, or raised."""


class Lifespan:
    """`async with Lifespan(app, state)`: the app is started inside and stopped after it.

    Raises:
        LifespanFailedError: as a server would report it.
    """

    def __init__(self, app: ASGIApp, state: dict[str, Any]) -> None:
        self._app = app
        self._state = state
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self._state}
        self._task = asyncio.ensure_future(self._app(scope, self._to_app.get, self._from_app.put))
        await self._step("startup")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._step("shutdown")
        await asyncio.wait_for(self._task, DEADLINE_SECONDS)

    async def _step(self, name: str) -> None:
        self._to_app.put_nowait({"type": f"lifespan.{name}"})
        answer = asyncio.ensure_future(self._from_app.get())
        await asyncio.wait([answer, self._task], timeout=DEADLINE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            if not self._task.done():
                self._task.cancel()
                raise TimeoutError(f"no answer to lifespan.{name} within {DEADLINE_SECONDS} s")
            raise LifespanFailedError(f"the app ended at {name}") from self._task.exception()
        message = answer.result()
        if message["type"] != f"lifespan.{name}.complete":
            await asyncio.wait([self._task], timeout=DEADLINE_SECONDS)
            raise LifespanFailedError(message.get("message", "")) from self._task.exception()
