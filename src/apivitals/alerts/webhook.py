"""The path that takes Alertmanager's notifications and hands them to callbacks.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config

Alertmanager sends a notification again after a 5xx, soon and with growing pauses, and after that with the next change
of the group; after a 4xx it does not. So a callback that fails is a 500, and what is no notification a 400.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from apivitals.alerts.callback import AlertCallback, Callback
from apivitals.alerts.reading import notified
from apivitals.alerts.taken import Taken
from apivitals.errors import ErrorLog
from apivitals.export.token import BearerToken
from apivitals.http.own_path import OwnPath

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MOST_BYTES = 1024 * 1024
_PLAIN = (b"content-type", b"text/plain; charset=utf-8")


class Answer(Exception):  # noqa: N818  # most are refusals
    """What is answered."""

    def __init__(self, status: int, reason: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = headers


class ClientLeft(Exception):  # noqa: N818  # as above
    """Nobody waits for an answer."""


class AlertWebhook(OwnPath):
    """Answers at its path: who may notify, what a notification is, and whether it was taken."""

    def __init__(self, path: str, token: BearerToken, errors: ErrorLog, root_path: Callable[[], str]) -> None:
        super().__init__(path, root_path)
        self._token = token
        self._errors = errors
        self._callbacks: list[Callback] = []
        self._taken = Taken(errors)

    def add(self, function: AlertCallback, timeout_seconds: float) -> None:
        """Call the function for each alert from now on."""
        number = len(self._callbacks)
        self._callbacks.append(Callback(function, number, timeout_seconds, self._taken, self._errors))

    def share(self, path: Path) -> None:
        """Remember in a file what callbacks have taken: whichever worker is asked, it is once for all."""
        self._taken.share(path)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one notification, when all callbacks have had it."""
        try:
            self._admit(scope)
            await self._deliver(await _body(scope, receive))
        except ClientLeft:
            return
        except Answer as refusal:
            answer = refusal
        else:
            answer = Answer(200, "taken")
        body = f"{answer}\n".encode()
        length = (b"content-length", str(len(body)).encode())
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": [_PLAIN, length, *answer.headers]}
        )
        await send({"type": "http.response.body", "body": body if scope["method"] != "HEAD" else b""})

    def _admit(self, scope: MutableMapping[str, Any]) -> None:
        if not self._token.permits(_header(scope, b"authorization")):
            challenge = (b"www-authenticate", b'Bearer realm="alerts"')
            raise Answer(401, "Alerts are taken from who shows the bearer token.", challenge)
        if scope["method"] != "POST":
            raise Answer(405, "Alerts are given with POST.", (b"allow", b"POST"))

    async def _deliver(self, body: bytes) -> None:
        try:
            alerts = notified(json.loads(body))
        except (ValueError, RecursionError) as error:
            raise Answer(400, f"This is no notification of Alertmanager: {error}") from None
        problems = await asyncio.gather(*(callback.deliver(alerts) for callback in self._callbacks))
        if any(problems):
            raise Answer(500, "\n".join(line for lines in problems for line in lines))


def _header(scope: MutableMapping[str, Any], wanted: bytes) -> bytes:
    return b", ".join(value for name, value in scope["headers"] if name.lower() == wanted)


async def _body(scope: MutableMapping[str, Any], receive: Receive) -> bytes:
    announced = _header(scope, b"content-length")
    if announced.isdigit() and int(announced) > MOST_BYTES:
        raise _too_large()
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MOST_BYTES:
            raise _too_large()
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large() -> Answer:
    return Answer(
        413, f"A notification has at most {MOST_BYTES} bytes here: set max_alerts of the receiver in Alertmanager."
    )
