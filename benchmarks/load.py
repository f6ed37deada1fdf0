"""A bounded load over keep-alive connections, from a process of its own: wrk where it is installed, else this module.

As a program, `python -m benchmarks.load PORT PATH SECONDS CONNECTIONS` writes how many answers it got.
"""

import asyncio
import re
import shutil
import subprocess
import sys
import time
from typing import cast

from benchmarks.client import HEADERS, QUERY

TOOL = "wrk" if shutil.which("wrk") else "a client of asyncio sockets"
# The server's own: wrk and this module write the host and keep connections alive.
_SENT_BY_ITSELF = (b"host", b"connection")


def load(port: int, path: str, *, seconds: int, connections: int) -> int:
    """Load the server for so long and return how many requests it answered.

    Raises RuntimeError when an answer was not a success.
    """
    target = f"{path}?{QUERY.decode()}"
    if TOOL == "wrk":
        return _wrk(f"http://127.0.0.1:{port}{target}", seconds=seconds, connections=connections)
    own = [sys.executable, "-m", "benchmarks.load", str(port), target, str(seconds), str(connections)]
    return int(_output(own))


def _wrk(url: str, *, seconds: int, connections: int) -> int:
    headers = [
        part
        for name, value in HEADERS
        if name not in _SENT_BY_ITSELF
        for part in ("-H", f"{name.decode()}: {value.decode()}")
    ]
    said = _output(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *headers, url])
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"wrk was not answered as it should:\n{said}")
    return int(cast("re.Match[str]", re.search(r"(\d+) requests in", said))[1])


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - wrk or this module


async def _connection(port: int, request: bytes, deadline: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = 0
    while time.perf_counter() < deadline:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"answered by {head.splitlines()[0].decode()!r}")
        length = cast("re.Match[bytes]", re.search(rb"content-length: (\d+)", head, re.IGNORECASE))
        await reader.readexactly(int(length[1]))
        answers += 1
    writer.close()
    return answers


async def _connections(port: int, target: str, seconds: int, connections: int) -> int:
    lines = b"".join(b"%s: %s\r\n" % header for header in HEADERS)
    request = b"GET %s HTTP/1.1\r\n%s\r\n" % (target.encode(), lines)
    deadline = time.perf_counter() + seconds
    return sum(await asyncio.gather(*(_connection(port, request, deadline) for _ in range(connections))))


def main() -> None:
    """Load the server that the arguments name."""
    port, target, seconds, connections = sys.argv[1:]
    answers = asyncio.run(_connections(int(port), target, int(seconds), int(connections)))
    sys.stdout.write(f"{answers}\n")


if __name__ == "__main__":
    main()
