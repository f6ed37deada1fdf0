"""The demo's terminal view: one report, laid out for a width and a height."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.rule import Rule
from rich.text import Text

from apivitals.demo import columns, formatting
from apivitals.demo.columns import Row
from apivitals.demo.prometheus import graph_url
from apivitals.demo.vital_signs import Channel, ChannelVitals, Report, Route

_PRIORITIES = ("critical", "high", "medium", "low")
_WITHOUT_ROUTE = "(no route)"
_PRIORITY_HEADING = "by priority"
_SEPARATOR = "   "
_LEGEND = Text(
    "time: to the last byte   latency: to the first   errors: 5xx, exceptions, clients that left", style="dim"
)


@dataclass(frozen=True)
class View:
    """What is shown at one moment; rich asks it to draw itself."""

    report: Report
    shop_url: str
    elapsed_seconds: float
    highest_rate: float
    history: Mapping[Route, Sequence[float]] = field(default_factory=dict)
    """Throughput of the last minute by route, oldest first."""
    prometheus_url: str | None = None
    unanswered: int = 0
    """Requests that the load sent and got no answer to."""
    skipped: int = 0
    """Requests that the load did not send, because too many were in flight."""
    height: int | None = None
    """Lines that it should keep to, for as long as that is possible; None is as many as it takes."""
    running: bool = True
    """False once the shop is closed: then its addresses lead nowhere any more."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw everything, or what matters most where the height has no room for that."""
        width = options.max_width
        routes, priorities = self._tables(width)
        top: list[RenderableType] = [self._title(width), self._totals(width), Rule(style="dim"), routes, ""]
        more: list[RenderableType] = [priorities, ""]
        bottom: list[RenderableType] = [
            *self._channels(),
            self._errors(),
            *self._machine(width),
            *self._complaint(),
            _LEGEND,
        ]
        bottom += [Rule(style="dim"), self._footer()]
        whole = Group(*top, *more, *bottom)
        if self.height is None or len(console.render_lines(whole, options, pad=False)) <= self.height:
            yield whole
        else:
            yield Group(*top, *bottom)

    def _title(self, width: int) -> Text:
        title = Text("apivitals demo", style="bold")
        title.append(f"{_SEPARATOR}a video shop under up to {self.highest_rate:g} req/s", style="not bold")
        window = f"last {self.report.seconds:.0f} s of {formatting.clock(self.elapsed_seconds)}"
        title.append(window.rjust(max(len(_SEPARATOR + window), width - len(title))), style="not bold")
        return title

    def _totals(self, width: int) -> Text:
        total = self.report.total
        numbers = [
            f"{formatting.per_second(total.throughput_per_second)} req/s",
            f"p50 {formatting.seconds(total.response_time_p50_seconds)}",
            f"p95 {formatting.seconds(total.response_time_p95_seconds)}",
            f"errors {formatting.percent(total.error_percent)}",
            f"{total.in_flight} in flight",
            f"{formatting.bytes_per_second(total.response_bytes_per_second)} sent",
            f"{self.report.requests_completed:,} requests so far",
        ]
        while len(_SEPARATOR.join(numbers)) > width and len(numbers) > 1:
            numbers.pop()
        return Text(_SEPARATOR.join(numbers))

    def _tables(self, width: int) -> tuple[RenderableType, RenderableType]:
        """Make the tables by route and by priority, with the numbers of one under those of the other."""
        by_route = sorted(self.report.by_route.items(), key=lambda item: _order(item[0]))
        routes = [Row(_name(route), route.priority, vitals, self.history.get(route, ())) for route, vitals in by_route]
        by_priority = sorted(self.report.by_priority.items(), key=lambda item: _rank(item[0]))
        priorities = [Row(priority, priority, vitals) for priority, vitals in by_priority]

        numbers = [columns.THROUGHPUT, *columns.TIMES, columns.ERRORS, columns.IN_FLIGHT]
        first = columns.label("route", max(len(_PRIORITY_HEADING), *(len(row.label) for row in routes), 0))
        wide = [first, columns.PRIORITY, *numbers, columns.LAST_MINUTE]
        narrow = [first, columns.PRIORITY, *numbers, columns.LAST_MINUTE_NARROW]
        shown = columns.fitting(wide if columns.needed(wide, gap=1) <= width else narrow, width)
        gap = 2 if columns.needed(shown, gap=2) <= width else 1

        indent = first.width + (gap + columns.PRIORITY.width if columns.PRIORITY in shown else 0)
        below = [
            columns.label(_PRIORITY_HEADING, indent),
            *(column for column in numbers if column in shown),
            columns.SENT,
            columns.RECEIVED,
        ]
        return (
            columns.table(shown, routes, gap),
            columns.table(columns.fitting(below, width), priorities, gap),
        )

    def _channels(self) -> list[Text]:
        return [_describe_channel(channel, vitals) for channel, vitals in sorted(self.report.channels.items())]

    def _errors(self) -> Text:
        by_type = sorted(self.report.total.errors_per_second.items(), key=lambda item: -item[1])
        if not by_type:
            return Text("errors  none", style="dim")
        line = Text("errors", style="bold")
        for error_type, rate in by_type:
            line.append("  ")
            line.append(error_type.rpartition(".")[2], style="not bold red")
            line.append(f" {formatting.per_second(rate)}/s", style="not bold")
        return line

    def _machine(self, width: int) -> list[Text]:
        machine = self.report.machine
        numbers = [
            (machine.process_cpu_ratio, f"CPU {formatting.percent(100 * machine.process_cpu_ratio)} of one"),
            (machine.cpu_ratio, f"{machine.limit}'s {formatting.percent(100 * machine.cpu_ratio)}"),
            (machine.process_memory_bytes, f"memory {formatting.size(machine.process_memory_bytes)}"),
            (machine.memory_ratio, f"{machine.limit}'s {formatting.percent(100 * machine.memory_ratio)}"),
            (machine.longest_lag_seconds, f"loop up to {formatting.seconds(machine.longest_lag_seconds)} late"),
            *((ratio, f"GPU {formatting.percent(100 * ratio)}") for ratio in machine.gpu_ratios),
        ]
        known = [text for value, text in numbers if not math.isnan(value)]
        while len(_SEPARATOR.join(["machine", *known])) > width:
            known.pop()
        return [Text("machine", style="bold").append("  " + _SEPARATOR.join(known), style="not bold")] if known else []

    def _complaint(self) -> list[Text]:
        counts = {"requests without an answer": self.unanswered, "requests left out, too many in flight": self.skipped}
        words = [f"{what}: {count}" for what, count in counts.items() if count]
        return [Text(_SEPARATOR.join(["load", *words]), style="red")] if words else []

    def _footer(self) -> Text:
        metrics = f"{self.shop_url}/metrics"
        if not self.running:
            return Text(f"the shop is closed; these numbers came from {metrics}", style="dim")
        footer = Text(f"curl {metrics}", style="bold")
        if self.prometheus_url is not None:
            footer.append(f"{_SEPARATOR}Prometheus ", style="not bold")
            footer.append(self.prometheus_url, style=f"not bold link {graph_url(self.prometheus_url)}")
        footer.append(f"{_SEPARATOR}Ctrl-C ends", style="not bold dim")
        return footer


def _order(route: Route) -> tuple[int, bool, str, str]:
    return _rank(route.priority), not route.template, route.template, route.method


def _rank(priority: str) -> int:
    return _PRIORITIES.index(priority) if priority in _PRIORITIES else len(_PRIORITIES)


def _name(route: Route) -> str:
    return f"{route.method} {route.template or _WITHOUT_ROUTE}"


def _describe_channel(channel: Channel, vitals: ChannelVitals) -> Text:
    line = Text("WebSocket", style="bold")
    received, sent = map(formatting.per_second, (vitals.received_per_second, vitals.transmitted_per_second))
    numbers = [
        f"  {channel.template or _WITHOUT_ROUTE}",
        f"{vitals.open_sessions} open",
        f"messages {received}/s in {sent}/s out",
        f"session p50 {formatting.seconds(vitals.session_p50_seconds)}",
    ]
    return line.append(_SEPARATOR.join(numbers), style="not bold")
