"""A small Redis for machines without one: strings that expire, over the Redis protocol (RESP2), in memory.

``python -I small_redis.py 6379``. It knows PING, GET, SET with EX, and what clients send when they connect. As with
``serve``, it ends when its standard input does. A script of the standard library alone, so that it starts at once.
https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

_LONGEST_COMMAND = 64
_LARGEST_STRING_BYTES = 1_000_000
_LARGEST_STORE = 10_000


class ProtocolError(Exception):
    """What the client has sent is no command; the connection cannot go on."""


class Store:
    """Strings by key, each until its time is over."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._kept: dict[bytes, tuple[bytes, float]] = {}

    def answer(self, command: list[bytes]) -> bytes:
        """Carry out a command, and return the reply as it is sent."""
        match [command[0].upper(), *command[1:]]:
            case [b"GET", key]:
                return self._get(key)
            case [b"SET", key, value]:
                return self._set(key, value, float("inf"))
            case [b"SET", key, value, option, seconds] if option.upper() == b"EX" and seconds.isdigit():
                return self._set(key, value, self._clock() + int(seconds))
            case [b"PING"]:
                return b"+PONG\r\n"
            case [b"CLIENT", *_]:
                return b"+OK\r\n"
            case _:
                return b"-ERR not a command that this server knows\r\n"

    def _get(self, key: bytes) -> bytes:
        value, until = self._kept.get(key, (b"", 0.0))
        if self._clock() >= until:
            self._kept.pop(key, None)
            return b"$-1\r\n"
        return b"$%d\r\n%s\r\n" % (len(value), value)

    def _set(self, key: bytes, value: bytes, until: float) -> bytes:
        if len(self._kept) >= _LARGEST_STORE:
            self._kept.clear()
        self._kept[key] = (value, until)
        return b"+OK\r\n"


async def read_command(reader: asyncio.StreamReader) -> list[bytes]:
    """Read one command: an array of bulk strings.

    Raises:
        ProtocolError: it is something else, or too large.
        asyncio.IncompleteReadError: the client has gone.

    """
    length = await _read_number(reader, b"*", 1, _LONGEST_COMMAND)
    command = []
    for _ in range(length):
        size = await _read_number(reader, b"$", 0, _LARGEST_STRING_BYTES)
        command.append((await reader.readexactly(size + 2))[:-2])
    return command


async def _read_number(reader: asyncio.StreamReader, kind: bytes, least: int, most: int) -> int:
    line = await reader.readuntil(b"\r\n")
    digits = line[1:-2]
    if line[:1] != kind or not digits.isdigit() or not least <= int(digits) <= most:
        raise ProtocolError
    return int(digits)


async def serve(port: int) -> None:
    """Listen on loopback until standard input ends."""
    store = Store()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ProtocolError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            while True:
                writer.write(store.answer(await read_command(reader)))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", port)
    while await asyncio.to_thread(os.read, 0, 1):
        pass
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
