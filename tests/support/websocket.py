"""The client's side of a WebSocket session with an ASGI app in the same process."""

import asyncio
from types import TracebackType
from typing import Any

from starlette.types import ASGIApp, Message, Scope
from typing_extensions import Self

DEADLINE_SECONDS = 60.0
ABNORMAL_CLOSURE = 1006
"""What a server reports for a peer that left without a close frame (RFC 6455, 7.1.5)."""


class WebSocketSession:
    """One session; on entering, the app has seen `websocket.connect` and has accepted, refused or ended.

    On leaving, a session that is still open is closed with 1000, and the app is waited for.
    """

    def __init__(self, app: ASGIApp, scope: Scope) -> None:
        self.scope = scope
        self.messages: list[Message] = []
        """All that the app has sent, accept and close included."""
        self.raised: BaseException | None = None
        self._app = app
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._left = False

    async def __aenter__(self) -> Self:
        self._to_app.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(self._run())
        await self._next()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.close_code is None:
            self.close()
        await self.ended()

    @property
    def accepted(self) -> bool:
        """Whether the app took the session."""
        return bool(self.messages) and self.messages[0]["type"] == "websocket.accept"

    @property
    def close_code(self) -> int | None:
        """The code with which the app closed, or None."""
        closes = [message for message in self.messages if message["type"] == "websocket.close"]
        return int(closes[0].get("code", 1000)) if closes else None

    def send(self, data: str | bytes) -> None:
        """Hand the app a text or a binary message."""
        key = "text" if isinstance(data, str) else "bytes"
        self._to_app.put_nowait({"type": "websocket.receive", key: data})

    async def receive(self) -> str | bytes:
        """Wait for the app's next text or binary message.

        Raises:
            AssertionError: it closed, or ended, instead.
        """
        message = await self._next()
        if message is None or message["type"] != "websocket.send":
            raise AssertionError(f"expected a message from the app, got {message} (raised: {self.raised!r})")
        text: str | None = message.get("text")
        return text if text is not None else bytes(message["bytes"])

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Leave with a close frame."""
        self._left = True
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})

    def drop(self) -> None:
        """Leave without a close frame, as a lost connection does."""
        self.close(ABNORMAL_CLOSURE)

    def cancel(self) -> None:
        """Cancel the server's task of this session."""
        self.task.cancel()

    async def ended(self) -> None:
        """Wait until the app has returned or raised."""
        await asyncio.wait([self.task], timeout=DEADLINE_SECONDS)
        if not self.task.done():
            self.task.cancel()
            raise TimeoutError(f"the app did not end within {DEADLINE_SECONDS} s: {self.scope['path']}")

    async def _run(self) -> None:
        try:
            await self._app(self.scope, self._to_app.get, self._send)
        except BaseException as error:  # noqa: BLE001 (the test looks at it)
            self.raised = error

    async def _send(self, message: Message) -> None:
        if self._left:
            raise OSError("the client is gone")
        self.messages.append(dict(message))
        self._inbox.put_nowait(message)

    async def _next(self) -> Any:
        """Return the app's next message, or None when it has ended without one."""
        message = asyncio.ensure_future(self._inbox.get())
        await asyncio.wait([message, self.task], timeout=DEADLINE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if message.done():
            return message.result()
        message.cancel()
        if not self.task.done():
            raise TimeoutError(f"nothing from the app within {DEADLINE_SECONDS} s: {self.scope['path']}")
        return None
