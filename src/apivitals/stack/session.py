"""One run of ``apivitals up``: everything started, said where it is, and ended together."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from apivitals.stack.options import Options
from apivitals.stack.pieces import Pieces, pieces
from apivitals.stack.service import Described
from apivitals.stack.summary import summary

_CHECK_SECONDS = 0.5
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(options: Options, service: Described) -> None:
    """Run it until the time is over or a signal comes; all that was started has ended then.

    Raises:
        DemoError: it could not run, or one of its servers ended by itself.
        PageError: a URL, or the token's file, cannot be used.
        CannotGenerateError: the objectives ask for rules that cannot work.
        OSError: a directory or file cannot be made.
    """
    asyncio.run(_run(options, service))


async def _run(options: Options, service: Described) -> None:
    running = asyncio.ensure_future(_serve(options, service))
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        # Once: what is being ended is not interrupted again.
        if not interrupted:
            interrupted = True
            running.cancel()

    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, interrupt)
    try:
        await running
    except asyncio.CancelledError:
        if not interrupted:
            raise


async def _serve(options: Options, service: Described) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="apivitals-up-", ignore_cleanup_errors=True) as name,
        ExitStack() as started,
    ):
        directory = Path(name)
        found = await asyncio.to_thread(pieces, options, service, directory)
        for warning in found.warnings:
            print(f"apivitals: {warning}", file=sys.stderr, flush=True)  # noqa: T201  # for the user
        for server in found.in_order:
            started.enter_context(server)
        await found.until_ready()
        print(summary(found, options, service, directory), flush=True)  # noqa: T201  # the same
        await _watch(found, options)


async def _watch(found: Pieces, options: Options) -> None:
    clock = asyncio.get_running_loop().time
    end = None if options.seconds is None else clock() + options.seconds
    load = None
    if found.shop is not None and options.highest_rate is not None:
        from apivitals.demo.load import Load  # noqa: PLC0415  # needs the demo's extra, as its service does

        load = Load(found.shop.shop.url, options.highest_rate)
        load.start()
    try:
        while end is None or clock() < end:
            found.check()
            await asyncio.sleep(_CHECK_SECONDS if end is None else max(0.0, min(_CHECK_SECONDS, end - clock())))
    finally:
        if load is not None:
            await load.stop()
