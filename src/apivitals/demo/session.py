"""One run of the demo: the shop and its partner started, the load on them, and the view of what ``/metrics`` says."""

import asyncio
import io
import os
import signal
import sys
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from rich.console import Console
from rich.live import Live

from apivitals.demo.errors import DemoError
from apivitals.demo.load import Load
from apivitals.demo.picture import save_picture
from apivitals.demo.processes import ServerProcess, claim_port, free_ports
from apivitals.demo.prometheus import prometheus_server
from apivitals.demo.scrape import Scrape, parse
from apivitals.demo.servers import ShopPorts, ShopServers, shop_servers
from apivitals.demo.timeline import Timeline
from apivitals.demo.view import View
from apivitals.demo.vital_signs import NOT_READ

_SCRAPE_SECONDS = 1.0
_MISSED_SCRAPES = 5
_PLAIN_SECONDS = 10.0
_PLAIN_WIDTH = 110
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    seconds: float | None = None
    """How long; None is until Ctrl-C in the live view, ten seconds without it."""
    once: bool = False
    prometheus: bool = False
    highest_rate: float = 30.0
    """Visits per second at the height of the load's wave."""
    port: int | None = None
    """The shop's; None is a free one."""
    svg: Path | None = None


def run(options: Options) -> int:
    """Run the demo, and return the exit code: 0, or 128 + the signal where that cut a plain run short.

    Raises:
        DemoError: it could not run, or one of its servers ended by itself.

    """
    terminal = Console()
    live = terminal.is_terminal and not terminal.is_dumb_terminal and not options.once
    return asyncio.run(_Session(options, terminal if live else _plain_console(), live=live).run())


def described(options: Options, directory: Path) -> tuple[ShopServers, ServerProcess | None]:
    """Describe the servers, none started yet; a Prometheus where one was asked for.

    Raises:
        DemoError: the port that was asked for is in use, or Prometheus is not installed.

    """
    if options.port is not None:
        claim_port(options.port)
    free, cache, partner, prometheus_port = free_ports(4, but=() if options.port is None else (options.port,))
    port = free if options.port is None else options.port
    servers = shop_servers(ShopPorts(port, cache, partner), directory=directory)
    if not options.prometheus:
        return servers, None
    return servers, prometheus_server(f"127.0.0.1:{port}", port=prometheus_port, directory=directory)


def _plain_console() -> Console:
    """Make a console for text without control codes, of a fixed width where nothing else tells it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(force_terminal=False, color_system=None, width=None if known else _PLAIN_WIDTH)


class _Session:
    def __init__(self, options: Options, console: Console, *, live: bool) -> None:
        self._options = options
        self._console = console
        self._live = Live(console=console, screen=True, auto_refresh=False) if live else None
        self._seconds = options.seconds if live or options.seconds is not None else _PLAIN_SECONDS
        self._signal: signal.Signals | None = None
        self._view: View | None = None

    async def run(self) -> int:
        running = asyncio.ensure_future(self._serve())
        for number in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._interrupt, number, running)
        try:
            await running
        except asyncio.CancelledError:
            if self._signal is None:
                raise
        self._show_result()
        if self._signal is None or (self._live is not None and self._signal == signal.SIGINT):
            return 0
        return 128 + self._signal

    def _interrupt(self, number: signal.Signals, running: "asyncio.Future[None]") -> None:
        self._signal = number
        running.cancel()

    async def _serve(self) -> None:
        """Start the servers, and stop them whatever happens."""
        with tempfile.TemporaryDirectory(prefix="apivitals-demo-") as name, ExitStack() as started:
            directory = Path(name)
            servers, prometheus = described(self._options, directory)
            waiting = nullcontext() if self._live is None else self._console.status("opening the video shop")
            with waiting:
                for server in (*servers.in_order, *filter(None, [prometheus])):
                    started.enter_context(server)
                await servers.until_ready()
                if prometheus is not None:
                    await prometheus.until_ready("/-/ready")
            if prometheus is not None and self._live is None:
                self._console.print(f"Prometheus: {prometheus.url}", soft_wrap=True)
            await self._load(servers, prometheus)

    async def _load(self, servers: ShopServers, prometheus: ServerProcess | None) -> None:
        shop = servers.shop
        async with httpx.AsyncClient(base_url=shop.url, timeout=5, trust_env=False) as client:
            timeline = Timeline(await baseline(client, servers.in_order))
            load = Load(shop.url, self._options.highest_rate)
            load.start()
            try:
                with self._live or nullcontext():
                    await self._watch(client, timeline, load, servers.in_order, prometheus)
            finally:
                await load.stop()

    async def _watch(
        self,
        client: httpx.AsyncClient,
        timeline: Timeline,
        load: Load,
        servers: tuple[ServerProcess, ...],
        prometheus: ServerProcess | None,
    ) -> None:
        """Scrape every second, and show it, until the time is over."""
        clock = asyncio.get_running_loop().time
        begin = clock()
        end = None if self._seconds is None else begin + self._seconds
        due, missed = begin, 0
        while self._signal is None and (end is None or clock() < end):
            due = max(due + _SCRAPE_SECONDS, clock())
            await asyncio.sleep(max(0.0, (due if end is None else min(due, end)) - clock()))
            for server in servers:
                server.check()
            try:
                timeline.add(await _scrape(client))
            except httpx.TransportError as error:
                missed += 1
                if missed == _MISSED_SCRAPES:
                    raise _unanswered(client, error) from error
                continue
            missed = 0
            self._view = View(
                report=timeline.whole() if self._live is None else timeline.recent(),
                shop_url=str(client.base_url).rstrip("/"),
                elapsed_seconds=clock() - begin,
                highest_rate=self._options.highest_rate,
                history=timeline.throughput_history(),
                height=None if self._live is None else self._console.height,
                unanswered=load.tally.failed,
                skipped=load.tally.skipped,
                prometheus_url=None if prometheus is None else prometheus.url,
            )
            if self._live is not None:
                self._live.update(self._view, refresh=True)

    def _show_result(self) -> None:
        if self._view is None:
            return
        self._console.print(replace(self._view, height=None, running=False))
        if self._options.svg is not None:
            save_picture(replace(self._view, height=None), self._options.svg)


async def baseline(client: httpx.AsyncClient, servers: Iterable[ServerProcess]) -> Scrape:
    """Read ``/metrics`` for the first time, as often as it takes.

    Raises:
        DemoError: there is no answer to some attempts, one that is not metrics, or one of the servers has ended.

    """
    missed = 0
    while True:
        try:
            return await _scrape(client)
        except httpx.TransportError as error:
            for server in servers:
                server.check()
            missed += 1
            if missed == _MISSED_SCRAPES:
                raise _unanswered(client, error) from error
        await asyncio.sleep(_SCRAPE_SECONDS)


def _unanswered(client: httpx.AsyncClient, error: httpx.TransportError) -> DemoError:
    return DemoError(f"{client.base_url.join('/metrics')} does not answer ({type(error).__name__})")


async def _scrape(client: httpx.AsyncClient) -> Scrape:
    """Read ``/metrics`` as a Prometheus would.

    Raises:
        httpx.TransportError: no answer.
        DemoError: an answer that is not metrics.

    """
    answer = await client.get("/metrics")
    if not answer.is_success:
        raise DemoError(f"{answer.url} answered {answer.status_code}, not metrics")
    now = asyncio.get_running_loop().time()
    try:
        # In a thread, or the load would pause for the tenth of a second that it takes.
        return await asyncio.to_thread(parse, answer.text, now, NOT_READ)
    except ValueError as error:
        raise DemoError(f"{answer.url} answered something other than the Prometheus text format: {error}") from error
