"""Draws dashboards: ``python -m tools.pictures --demo --out /tmp/pictures``.

``--demo`` runs the demo, watched by the shipped rules thirty times faster. What it has not (GPUs, limits, a month of
history) ``--written`` has: series written for the queries, in a Prometheus. ``--prometheus URL`` asks one
that runs. Exit status 1 says that a panel has an error or no data.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.dashboards.written import RECENT_STEP, written_prometheus
from tests.support.dashboards import queries
from tools.pictures.browser import NoBrowserError, screenshot
from tools.pictures.dashboard import Dashboard
from tools.pictures.page import Artist
from tools.pictures.palette import THEMES
from tools.pictures.prometheus import Prometheus, QueryError
from tools.pictures.steps import Times, seconds_of
from tools.pictures.watched import TOLD_SECONDS, watched_demo

DASHBOARDS = Path(__file__).parents[2] / "grafana" / "dashboards"


def main() -> int:
    """Draw what the command line says; 0, or 1 where panels have errors or no data, or 2 for wrong use."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    files = options.dashboards or sorted(DASHBOARDS.glob("*.json"))
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        dashboards = [Dashboard.read(file) for file in files]
        with _prometheus(options, dashboards) as (url, scrape_seconds):
            return _draw(options, dashboards, Prometheus(url), scrape_seconds)
    except (OSError, ValueError, QueryError, NoBrowserError) as error:
        print(f"pictures: {error}", file=sys.stderr)
        return 2


@contextmanager
def _prometheus(options: argparse.Namespace, dashboards: Sequence[Dashboard]) -> Iterator[tuple[str, float]]:
    if options.prometheus:
        yield options.prometheus, seconds_of(options.scrape)
        return
    if options.written:
        needed = [query for dashboard in dashboards for query in queries(dashboard)]
        with tempfile.TemporaryDirectory(prefix="written-") as name, written_prometheus(needed, Path(name)) as server:
            yield server.url, RECENT_STEP
        return
    with watched_demo() as url:
        print(f"Prometheus: {url}; drawing in {options.seconds} s", flush=True)
        time.sleep(options.seconds)
        yield url, TOLD_SECONDS


def _draw(
    options: argparse.Namespace, dashboards: Sequence[Dashboard], prometheus: Prometheus, scrape_seconds: float
) -> int:
    now = time.time()
    begin = now - options.seconds if options.demo and options.begin == "now-6h" else _time(options.begin, now)
    times = Times(begin, _time(options.end, now), scrape_seconds)
    wanted = tuple((name, tuple(values.split(","))) for name, _, values in (one.partition("=") for one in options.var))
    faults = 0
    for theme in options.theme or ["dark"]:
        artist = Artist(
            prometheus,
            times,
            THEMES[theme],
            options.width,
            wanted,
            opens_rows=not options.collapsed,
            has_annotations=not options.no_annotations,
        )
        for dashboard in dashboards:
            page = artist.page(dashboard)
            name = f"{dashboard.name}-{theme}"
            (options.out / f"{name}.html").write_text(page.markup, encoding="utf-8")
            screenshot(page.markup, options.out / f"{name}.png", options.width, page.height)
            print(options.out / f"{name}.png")
            for fault in page.faults:
                print(f"  {fault}")
            faults += len(page.faults)
    return 1 if faults else 0


def _time(text: str, now: float) -> float:
    """Read a time as Grafana has it: ``now``, ``now-6h``, or seconds since 1970."""
    if text.startswith("now"):
        return now - (seconds_of(text[4:]) if text[3:4] == "-" else 0.0)
    return float(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.pictures", description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--prometheus", metavar="URL", help="ask this one")
    source.add_argument(
        "--demo", action="store_true", help="run the demo and a Prometheus with the shipped rules, hurried"
    )
    source.add_argument("--written", action="store_true", help="run a Prometheus with series written for the queries")
    parser.add_argument("--seconds", type=float, default=90, help="how long the demo runs before (default: 90)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--theme", action="append", choices=sorted(THEMES), help="may be given twice (default: dark)")
    parser.add_argument("--width", type=int, default=1280, help="in pixels (default: 1280)")
    parser.add_argument("--from", dest="begin", default="now-6h", help="now-6h, or seconds since 1970")
    parser.add_argument("--to", dest="end", default="now")
    parser.add_argument("--scrape", default="15s", help="what the data source has as scrape interval (default: 15s)")
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE[,VALUE]")
    parser.add_argument("--no-annotations", action="store_true", help="as with the annotations switched off")
    parser.add_argument("--collapsed", action="store_true", help="leave collapsed rows collapsed")
    parser.add_argument("dashboards", nargs="*", type=Path, metavar="DASHBOARD.json", help="default: all that ship")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
