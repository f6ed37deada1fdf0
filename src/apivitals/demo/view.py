"""The demo's terminal view: one report, laid out for a width and a height."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.rule import Rule
from rich.text import Text

from apivitals.demo import columns, formatting, lines
from apivitals.demo.anatomy import HEADING as ANATOMY_HEADING
from apivitals.demo.anatomy import Anatomy
from apivitals.demo.columns import Row
from apivitals.demo.lines import SEPARATOR, WITHOUT_ROUTE
from apivitals.demo.prometheus import graph_url
from apivitals.demo.route import Route
from apivitals.demo.sections import Section, fitting
from apivitals.demo.vital_signs import Report

_PRIORITIES = ("critical", "high", "medium", "low")
_PRIORITY_HEADING = "by priority"
_LEGEND_DROPPED, _CALLS_DROPPED, _ANATOMY_DROPPED = 1, 2, 3
_ANATOMY_LEAST = 3
"""So many bars, those of the routes that took the most time, come and go together with their heading and legend."""
_PRIORITIES_DROPPED = 1_000
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
        sections: Sequence[Section] = list(self._sections(options.max_width))
        if self.height is not None:
            sections = fitting(sections, self.height, lambda content: _height(content, console, options))
        yield Group(*(section.content for section in sections))

    def _sections(self, width: int) -> Iterator[Section]:
        report = self.report
        label_width = max(len(ANATOMY_HEADING), *(len(_name(route)) for route in report.by_route), 0)
        routes, priorities = self._tables(label_width, width)
        yield from _always(self._title(width), self._totals(width), Rule(style="dim"), routes, "")
        yield from self._anatomy(label_width, width)
        yield Section(Group(priorities, ""), _PRIORITIES_DROPPED)
        yield from _always(*lines.channels(report.channels, width))
        for more in (
            lines.caches(report.caches, width),
            lines.operations(report.operations, width),
            lines.models(report.models, width),
        ):
            yield from (Section(content, _CALLS_DROPPED) for content in more)
        yield from _always(
            lines.errors(report.total.errors_per_second),
            *lines.machine(report.machine, width),
            *lines.complaint(unanswered=self.unanswered, skipped=self.skipped),
        )
        yield Section(_LEGEND, _LEGEND_DROPPED)
        yield from _always(Rule(style="dim"), self._footer())

    def _anatomy(self, label_width: int, width: int) -> Iterator[Section]:
        """Make the bars; those of the routes that took the most time stay longest."""
        breakdowns = self.report.breakdowns
        if not breakdowns:
            return
        most_first = sorted(breakdowns, key=lambda route: -breakdowns[route].total_seconds)
        in_order = sorted(breakdowns, key=_order)
        anatomy = Anatomy([(_name(route), breakdowns[route]) for route in in_order], label_width, width)
        yield Section(anatomy.heading(), _ANATOMY_DROPPED)
        for route, line in zip(in_order, anatomy.lines(), strict=True):
            rank = most_first.index(route)
            yield Section(line, _ANATOMY_DROPPED + max(0, rank - _ANATOMY_LEAST + 1))
        yield Section(Group(*anatomy.legend(), ""), _ANATOMY_DROPPED)

    def _title(self, width: int) -> Text:
        title = Text("apivitals demo", style="bold")
        title.append(f"{SEPARATOR}a video shop under up to {self.highest_rate:g} req/s", style="not bold")
        window = f"last {self.report.seconds:.0f} s of {formatting.clock(self.elapsed_seconds)}"
        title.append(window.rjust(max(len(SEPARATOR + window), width - len(title))), style="not bold")
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
        while len(SEPARATOR.join(numbers)) > width and len(numbers) > 1:
            numbers.pop()
        return Text(SEPARATOR.join(numbers))

    def _tables(self, label_width: int, width: int) -> tuple[RenderableType, RenderableType]:
        """Make the tables by route and by priority, with the numbers of one under those of the other."""
        by_route = sorted(self.report.by_route.items(), key=lambda item: _order(item[0]))
        routes = [Row(_name(route), route.priority, vitals, self.history.get(route, ())) for route, vitals in by_route]
        by_priority = sorted(self.report.by_priority.items(), key=lambda item: _rank(item[0]))
        priorities = [Row(priority, priority, vitals) for priority, vitals in by_priority]

        numbers = [columns.THROUGHPUT, *columns.TIMES, columns.ERRORS, columns.IN_FLIGHT]
        first = columns.label("route", label_width)
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
            columns.table(columns.fitting(below, width, gap), priorities, gap),
        )

    def _footer(self) -> Text:
        metrics = f"{self.shop_url}/metrics"
        if not self.running:
            return Text(f"the shop is closed; these numbers came from {metrics}", style="dim")
        footer = Text(f"curl {metrics}", style="bold")
        if self.prometheus_url is not None:
            footer.append(f"{SEPARATOR}Prometheus ", style="not bold")
            footer.append(self.prometheus_url, style=f"not bold link {graph_url(self.prometheus_url)}")
        footer.append(f"{SEPARATOR}Ctrl-C ends", style="not bold dim")
        return footer


def _order(route: Route) -> tuple[int, bool, str, str]:
    return _rank(route.priority), not route.template, route.template, route.method


def _rank(priority: str) -> int:
    return _PRIORITIES.index(priority) if priority in _PRIORITIES else len(_PRIORITIES)


def _name(route: Route) -> str:
    return f"{route.method} {route.template or WITHOUT_ROUTE}"


def _always(*contents: RenderableType) -> Iterator[Section]:
    return map(Section, contents)


def _height(content: RenderableType, console: Console, options: ConsoleOptions) -> int:
    return len(console.render_lines(content, options, pad=False))
