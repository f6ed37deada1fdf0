"""What an ASGI app has sent for one request."""

import json
from pathlib import Path
from typing import Any

from starlette.types import Message

BODY_TYPES = frozenset({"http.response.body", "http.response.pathsend"})


def bodies(messages: list[Message]) -> list[Message]:
    """Return the messages that carry a part of the body."""
    return [message for message in messages if message["type"] in BODY_TYPES]


class Response:
    """What the app has sent for one request; `status` is None when it sent no start."""

    def __init__(self, messages: list[Message], raised: BaseException | None) -> None:
        self.messages = messages
        self.raised = raised
        """What came out of the app: an exception, `asyncio.CancelledError`, or None."""
        start = next((message for message in messages if message["type"] == "http.response.start"), None)
        self.status: int | None = start["status"] if start else None
        self.header_list = _header_list(messages, "http.response.start")
        self.headers = dict(self.header_list)
        self.trailers = dict(_header_list(messages, "http.response.trailers"))
        self.chunks = [_payload(message) for message in messages if message["type"] in BODY_TYPES]
        self.body = b"".join(self.chunks)

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()

    def json(self) -> Any:
        """Parse the body as JSON."""
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.body[:200]!r} raised={self.raised!r}>"


def _header_list(messages: list[Message], kind: str) -> list[tuple[str, str]]:
    return [
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for message in messages
        if message["type"] == kind
        for name, value in message.get("headers", [])
    ]


def _payload(message: Message) -> bytes:
    if message["type"] == "http.response.pathsend":
        return Path(message["path"]).read_bytes()
    return bytes(message.get("body", b""))
