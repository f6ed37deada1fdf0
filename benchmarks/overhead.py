"""Added CPU per request against the plain app, driven in its own process: `python -m benchmarks.overhead`.

Every variant runs in a process of its own; the processes take turns, round after round, and what a variant adds is
its CPU time less the plain app's of the same round. The processes are started afresh some times, because two
processes of one program differ (memory layout) by more than the rounds of one.
"""

from collections import defaultdict
from contextlib import ExitStack
from statistics import median

from benchmarks.child import Child
from benchmarks.choice import add_choice, chosen
from benchmarks.report import arguments, introduce, keep, positive, positives, say, table, verdict
from benchmarks.samples import Cell, How, Samples, by_fastest, by_rounds
from benchmarks.variants import CONTROL, PLAIN, REFERENCE, TARGETS


def measure(variants: list[str], counts: list[int], *, processes: int, rounds: int, requests: int) -> Samples:
    """Return CPU microseconds per request by variant and number of routes: for each process one for each round."""
    values: dict[Cell, list[list[float]]] = defaultdict(list)
    cells = [(variant, routes) for routes in counts for variant in variants]
    warm_up = max(requests, 50)
    for generation in range(processes):
        with ExitStack() as stack:
            children = {
                cell: stack.enter_context(
                    Child("benchmarks.worker", cell[0], str(cell[1]), str(warm_up), hash_seed=generation)
                )
                for cell in cells
            }
            for cell, child in children.items():
                child.read()
                values[cell].append([])
            for _ in range(rounds):
                for cell, child in children.items():
                    values[cell][-1].append(child.ask(str(requests))["cpu_ns"] / requests / 1e3)
            for child in children.values():
                child.finish()
    return Samples(dict(values))


def show_added(samples: Samples, variants: list[str], counts: list[int], how: How) -> None:
    """Print what each variant adds, and its ratio to the reference."""
    reference = {routes: how(samples, REFERENCE, routes).median for routes in counts if REFERENCE in variants}
    rows = []
    for variant in variants:
        if variant == PLAIN:
            continue
        cells = [variant]
        for routes in counts:
            own = how(samples, variant, routes)
            ratio = f"{own.median / reference[routes]:.2f}" if reference else "-"
            cells += [f"{own.median:.1f} ± {own.spread:.1f}", ratio]
        rows.append(cells)
    table(["variant", *(cell for routes in counts for cell in (f"{routes} routes", "ratio"))], rows)
    if reference:
        for variant, target in TARGETS.items():
            for routes in counts if variant in variants else ():
                ratio_here = how(samples, variant, routes).median / reference[routes]
                say(f"{variant} / {REFERENCE}, {routes} routes: {verdict(ratio_here, target, '.3f')}")
        say()


def show_growth(samples: Samples, variants: list[str], counts: list[int]) -> None:
    """Print how the added CPU grows with the number of routes, beside the noise."""
    most, fewest, processes = max(counts), min(counts), len(samples.values[PLAIN, counts[0]])

    def growth(variant: str) -> list[float]:
        pairs = zip(samples.fastest(variant, most), samples.fastest(variant, fewest), strict=True)
        return [many - few for many, few in pairs]

    control = max(map(abs, growth(CONTROL))) if CONTROL in variants else 0.0
    rows = []
    for variant in variants:
        if variant == PLAIN:
            continue
        own = growth(variant)
        noise = max(control, (max(own) - min(own)) / 2)
        seen = "measurable" if abs(median(own)) > noise else "none measurable"
        if processes == 1 or variant == CONTROL:  # one process says nothing of the noise
            seen = ""
        rows.append([variant, f"{median(own):+.1f}", f"{noise:.1f}", seen])
    say(f"Growth of the added CPU from {fewest} to {most} routes, µs, from the fastest rounds; noise: half the range")
    say("over the processes, or the most that a control seems to grow, whichever is more:")
    say()
    table(["variant", "growth", "noise", "verdict"], rows)


def main() -> None:
    """Measure, print, keep."""
    parser = arguments(__doc__, rounds=15)
    parser.add_argument("--routes", type=positives, default="5,50,500", help="numbers of routes (default: %(default)s)")
    parser.add_argument("--processes", type=positive, default=3, help="times to start afresh (default: %(default)s)")
    parser.add_argument(
        "--requests", type=positive, default=200, help="requests in a measurement (default: %(default)s)"
    )
    add_choice(parser)
    options = parser.parse_args()
    counts = options.routes
    if options.quick:
        options.rounds, options.processes, options.requests = 2, 1, 50
        counts = counts[:2]

    introduce("Added CPU per request, in-process ASGI")
    variants, skipped = chosen(parser, options.variants)
    samples = measure(variants, counts, processes=options.processes, rounds=options.rounds, requests=options.requests)
    plain = ", ".join(f"{samples.plain(routes):.0f} µs with {routes}" for routes in counts)
    say(f"The plain app's request: {plain} routes. Added to it, µs of CPU:")
    say()
    say("Median over the rounds ± half the interquartile range:")
    say()
    show_added(samples, variants, counts, by_rounds)
    say("Fastest round of each process, median over the processes ± half the interquartile range; where the machine")
    say("has other work to do, these are the ones to read:")
    say()
    show_added(samples, variants, counts, by_fastest)
    if len(counts) > 1:
        show_growth(samples, variants, counts)
    keep(
        options.json,
        {
            "benchmark": "overhead",
            "unit": "CPU microseconds per request",
            "skipped": skipped,
            "samples": samples.as_json(),
        },
    )


if __name__ == "__main__":
    main()
