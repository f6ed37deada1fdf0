"""Render time of /metrics and the event loop's longest stall meanwhile: `python -m benchmarks.scrape`.

The peer is prometheus-client's `generate_latest` on the same families: same names, labels, bounds and values, which
is checked. Each side has a process of its own, and they take turns. Our page also has our own health and
prometheus-client's default collectors, as it does for users, so it renders a little more than the peer.

A stall is seen by a task that ticks. What of it is the process's own CPU time, and not the machine's other work, is
told apart: that is held against the target.
"""

import json
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.child import Child
from benchmarks.estimate import Estimate
from benchmarks.rendering import GZIP, IDENTITY, OPENMETRICS, TEXT
from benchmarks.report import arguments, introduce, keep, positives, say, table, verdict
from benchmarks.traffic import LINES_PER_LABEL_SET

RATIO_TARGET, RATIO_TARGET_LINES = 0.12, 10_000
STALL_TARGET_MS, STALL_TARGET_LINES = 5.0, 50_000

OURS, PEER, IDLE = "ours", "peer", "idle"
Way = tuple[str, str, str]
WAYS: tuple[Way, ...] = (
    (OURS, TEXT, IDENTITY),
    (OURS, TEXT, GZIP),
    (OURS, OPENMETRICS, IDENTITY),
    (OURS, OPENMETRICS, GZIP),
    (PEER, TEXT, IDENTITY),
    (PEER, TEXT, GZIP),
    (PEER, OPENMETRICS, IDENTITY),
)
NAMES = {OURS: "apivitals", PEER: "prometheus-client"}


@dataclass
class Renders:
    """What the rounds of one way to render gave, in milliseconds and bytes."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    stall: list[float] = field(default_factory=list)
    own_stall: list[float] = field(default_factory=list)
    size: int = 0


@dataclass
class Page:
    """All ways to render one page; and what stalls a loop on which nothing is done."""

    lines: int
    ways: dict[Way, Renders] = field(default_factory=lambda: defaultdict(Renders))
    idle: Renders = field(default_factory=Renders)

    def ratio(self, form: str, encoding: str = IDENTITY) -> float:
        """Return our CPU time over the peer's."""
        own, peer = self.ways[OURS, form, encoding], self.ways[PEER, form, encoding]
        return Estimate.of(own.cpu).median / Estimate.of(peer.cpu).median


def measure(lines: int, rounds: int) -> Page:
    """Render a page of about so many lines in all ways, round after round."""
    with TemporaryDirectory() as directory, ExitStack() as stack:
        file = str(Path(directory) / "metrics.txt")
        module = "benchmarks.rendering.process"
        ours = stack.enter_context(Child(module, OURS, str(max(lines // LINES_PER_LABEL_SET, 1))))
        ours.read()
        page = Page(ours.ask(json.dumps(["write", file]))["lines"])
        peer = stack.enter_context(Child(module, PEER, file))
        peer.read()
        for _ in range(rounds):
            for way in WAYS:
                side, form, encoding = way
                given = (ours if side == OURS else peer).ask(json.dumps(["render", form, encoding]))
                renders = page.ways[way]
                renders.wall.append(given["wall_seconds"] * 1e3)
                renders.cpu.append(given["cpu_seconds"] * 1e3)
                _note_stall(renders, given)
                renders.size = given["bytes"]
            _note_stall(page.idle, ours.ask(json.dumps([IDLE])))
        for child in (ours, peer):
            child.finish()
        return page


def _note_stall(renders: Renders, given: dict[str, Any]) -> None:
    renders.stall.append(given["stall_seconds"] * 1e3)
    renders.own_stall.append(given["own_stall_seconds"] * 1e3)


def show(page: Page) -> None:
    """Print one page's table."""
    say(f"### {page.lines:,} lines")
    say()
    rows = []
    for (side, form, encoding), renders in page.ways.items():
        cpu, wall = Estimate.of(renders.cpu), Estimate.of(renders.wall)
        ratio = f"{page.ratio(form, encoding):.3f}" if side == OURS and (PEER, form, encoding) in WAYS else ""
        rows.append(
            [
                f"{NAMES[side]}, {form}" + (", gzip" if encoding == GZIP else ""),
                f"{cpu.median:.2f} ± {cpu.spread:.2f}",
                f"{wall.median:.2f}",
                ratio,
                *_stalls(renders),
                f"{renders.size / 1024:,.0f}",
            ]
        )
    rows.append(["nothing", "", "", "", *_stalls(page.idle), ""])
    table(["", "CPU ms", "wall ms", "ratio", "own stall ms", "worst", "seen stall ms", "worst", "KiB"], rows)


def _stalls(renders: Renders) -> list[str]:
    both = (renders.own_stall, renders.stall)
    return [text for stalls in both for text in (f"{Estimate.of(stalls).median:.2f}", f"{max(stalls):.2f}")]


def conclude(pages: list[Page]) -> None:
    """Print what counts, beside its target."""
    for page in pages:
        for form in (TEXT, OPENMETRICS):
            own = page.ways[OURS, form, IDENTITY]
            stall, zipped = (Estimate.of(page.ways[OURS, form, way].own_stall).median for way in (IDENTITY, GZIP))
            ratio, longest = f"{page.ratio(form):.3f}", f"{max(stall, zipped):.1f}"
            if _near(page.lines, RATIO_TARGET_LINES):
                ratio = verdict(page.ratio(form), RATIO_TARGET, ".3f")
            if _near(page.lines, STALL_TARGET_LINES):
                longest = verdict(max(stall, zipped), STALL_TARGET_MS, ".1f")
            say(
                f"{page.lines:,} lines, {form}: {Estimate.of(own.cpu).median:.1f} ms; ratio {ratio}; "
                f"own stall, ms: {longest}"
            )


def _near(lines: int, target: int) -> bool:
    return 0.8 * target < lines < 1.2 * target


def main() -> None:
    """Measure, print, keep."""
    parser = arguments(__doc__, rounds=9)
    parser.add_argument(
        "--lines", type=positives, default="1000,10000,50000", help="sizes of the page (default: %(default)s)"
    )
    options = parser.parse_args()
    sizes = options.lines
    if options.quick:
        options.rounds, sizes = 2, sizes[:1]
    introduce("Rendering /metrics")
    pages = []
    for lines in sizes:
        pages.append(measure(lines, options.rounds))
        show(pages[-1])
    conclude(pages)
    say()
    keep(options.json, {"benchmark": "scrape", "unit": "milliseconds", "pages": [_as_json(page) for page in pages]})


def _as_json(page: Page) -> dict[str, Any]:
    ways = [
        {"side": NAMES[side], "format": form, "encoding": encoding, **vars(renders)}
        for (side, form, encoding), renders in page.ways.items()
    ]
    return {"lines": page.lines, "ways": ways, "idle": vars(page.idle)}


if __name__ == "__main__":
    main()
