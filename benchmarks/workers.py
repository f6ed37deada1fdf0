"""What sharing among workers costs: `python -m benchmarks.workers`.

An observation and a request with the series in the process's own memory and in the mapped file; a page of four workers
with as many lines each as one, beside the page of one and beside prometheus-client's multi-process mode on as many
series; and the start. All processes are real ones, and take turns.
"""

import os
from collections import defaultdict
from contextlib import ExitStack
from tempfile import TemporaryDirectory
from unittest.mock import patch

from benchmarks.child import Child
from benchmarks.estimate import Estimate
from benchmarks.report import arguments, introduce, keep, positive, say, table, verdict
from benchmarks.traffic import LINES_PER_LABEL_SET

OBSERVATION_TARGET = 1.3
WORKERS = 4
MODULE = "benchmarks.sharing"


def worker(stack: ExitStack, side: str, label_sets: int, **environment: str) -> tuple[Child, float]:
    """Start a worker; return it with how long its lifespan's start took, in ms."""
    with patch.dict(os.environ, environment):
        child = stack.enter_context(Child(MODULE, side, str(label_sets)))
    return child, child.read()["start_seconds"] * 1e3


def recording(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Return the CPU µs of observations and requests, by where the series are."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with TemporaryDirectory() as directory, ExitStack() as stack:
        sides = {
            "own memory": worker(stack, "ours", 6)[0],
            "mapped file": worker(stack, "ours", 6, APIVITALS_WORKER_DIR=directory)[0],
        }
        for _ in range(rounds):
            for name, child in sides.items():
                for what in ("observe", "request"):
                    found[name][what].append(child.ask(what)["us"])
        for child in sides.values():
            child.finish()
    return found


def scraping(lines: int, rounds: int) -> tuple[dict[str, list[float]], dict[str, int], float]:
    """Return the CPU ms of a page, its lines, and the ms of the first page, which reads all names."""
    label_sets = max(lines // LINES_PER_LABEL_SET, 1)
    cpu: dict[str, list[float]] = defaultdict(list)
    size: dict[str, int] = {}
    with TemporaryDirectory() as own, TemporaryDirectory() as peers, ExitStack() as stack:
        alone, _ = worker(stack, "ours", label_sets)
        ours = [worker(stack, "ours", label_sets, APIVITALS_WORKER_DIR=own)[0] for _ in range(WORKERS)]
        theirs = [worker(stack, "peer", label_sets, PROMETHEUS_MULTIPROC_DIR=peers)[0] for _ in range(WORKERS)]
        first = ours[0].ask("render")["cpu_seconds"] * 1e3
        sides = {"one process": alone, f"{WORKERS} workers": ours[0], f"prometheus-client, {WORKERS}": theirs[0]}
        for _ in range(rounds):
            for name, child in sides.items():
                page = child.ask("render")
                cpu[name].append(page["cpu_seconds"] * 1e3)
                size[name] = page["lines"]
        for child in (alone, *ours, *theirs):
            child.finish()
    return cpu, size, first


def starting(rounds: int) -> dict[str, list[float]]:
    """Return how long the lifespan's start takes in fresh processes, in ms: alone, first of a group, fourth of one."""
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        with TemporaryDirectory() as directory, ExitStack() as stack:
            alone, milliseconds = worker(stack, "ours", 6)
            found["alone"].append(milliseconds)
            children = [alone]
            for number in range(1, WORKERS + 1):
                child, milliseconds = worker(stack, "ours", 6, APIVITALS_WORKER_DIR=directory)
                children.append(child)
                if number in {1, WORKERS}:
                    found[f"worker {number} of {WORKERS}"].append(milliseconds)
            for child in children:
                child.finish()
    return found


def _cells(values: list[float], form: str = ".2f") -> str:
    estimate = Estimate.of(values)
    return f"{estimate.median:{form}} ± {estimate.spread:{form}}"


def main() -> None:
    """Measure, print, keep."""
    parser = arguments(__doc__, rounds=9)
    parser.add_argument("--lines", type=positive, default=10_000, help="of each worker's page (default: %(default)s)")
    options = parser.parse_args()
    rounds, lines = (2, 500) if options.quick else (options.rounds, options.lines)
    introduce("Several workers")
    recorded = recording(rounds)
    table(
        ["series in", "observation, CPU µs", "request, CPU µs"],
        [[name, _cells(found["observe"], ".3f"), _cells(found["request"])] for name, found in recorded.items()],
    )
    cpu, size, first = scraping(lines, rounds)
    table(["page of", "lines", "CPU ms"], [[name, f"{size[name]:,}", _cells(values)] for name, values in cpu.items()])
    started = starting(rounds)
    table(["start of the lifespan", "ms"], [[name, _cells(values)] for name, values in started.items()])
    ratios = {
        what: Estimate.of(recorded["mapped file"][what]).median / Estimate.of(recorded["own memory"][what]).median
        for what in ("observe", "request")
    }
    one, four, peer = (Estimate.of(values).median for values in cpu.values())
    say(f"an observation in the mapped file, over one in own memory: {verdict(ratios['observe'], OBSERVATION_TARGET)}")
    say(f"a request: {ratios['request']:.2f}")
    say(f"a page of {WORKERS} workers: {four / one:.2f} of one process's, {four / peer:.3f} of prometheus-client's")
    say(f"the first page, which reads the names of all series: {first:.1f} ms")
    keep(
        options.json,
        {
            "benchmark": "workers",
            "recording_us": recorded,
            "page_ms": cpu,
            "lines": size,
            "first_page_ms": first,
            "start_ms": started,
        },
    )


if __name__ == "__main__":
    main()
