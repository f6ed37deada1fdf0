"""The demo's load on its own: ``python -m apivitals.demo.visit [URL] [--rate N] [--for SECONDS] [--host NAME]``.

It visits this machine only, unless another one is named with ``--host``: whoever sends load somewhere says so twice.
"""

import argparse
import asyncio
import ipaddress
import math
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn
from urllib.parse import urlsplit

from apivitals.demo.load import Load, LoadTally

_DEFAULT_URL = "http://127.0.0.1:8000"
_HIGHEST_RATE = 1_000.0
_WRONG_USE = 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(_WRONG_USE, f"apivitals.demo.visit: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Visit the shop until the time is over or a signal comes; 1 if it answered nothing, 2 for wrong use."""
    parser = _Parser(prog="python -m apivitals.demo.visit", description="Visit the demo's video shop.")
    parser.add_argument("url", metavar="URL", nargs="?", default=_DEFAULT_URL, help=f"default: {_DEFAULT_URL}")
    parser.add_argument("--rate", metavar="N", type=_rate, default=30.0, help="visits per second at most; default: 30")
    parser.add_argument("--for", metavar="SECONDS", type=_seconds, dest="seconds", help="default: until Ctrl-C")
    parser.add_argument("--host", metavar="NAME", help="the host of URL, where that is not this machine")
    chosen = parser.parse_args(arguments)
    try:
        url = _allowed(chosen.url, chosen.host)
    except ValueError as error:
        parser.error(str(error))
    tally = asyncio.run(_visit(url, chosen.rate, chosen.seconds))
    print(f"{tally.sent} visits to {url}, {tally.failed} without an answer, {tally.skipped} left out")  # noqa: T201 (a command's result)
    return 1 if tally.failed == tally.sent else 0


async def _visit(url: str, rate: float, seconds: float | None) -> LoadTally:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    load = Load(url, rate)
    load.start()
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(told.wait(), seconds)
    await load.stop()
    return load.tally


def _allowed(url: str, host: str | None) -> str:
    """Return the URL with its port, if it is on this machine or on the host that was named.

    Raises:
        ValueError: it is neither, or no HTTP URL.

    """
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError as error:
        raise ValueError(f"URL {url}: {error}") from error
    if port is None or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise ValueError(f"URL {url}: not of the form http://HOST:PORT")
    if parts.hostname != host and not _is_this_machine(parts.hostname):
        raise ValueError(f"URL {url}: {parts.hostname} is not this machine; to visit it all the same, --host NAME")
    written = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{written}:{port}"


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _rate(text: str) -> float:
    value = _number(text)
    if not 0 < value <= _HIGHEST_RATE:
        raise argparse.ArgumentTypeError(f"{text}: more than 0, at most {_HIGHEST_RATE:g}")
    return value


def _seconds(text: str) -> float:
    value = _number(text)
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text}: more than 0")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: not a number") from None


if __name__ == "__main__":
    sys.exit(main())
