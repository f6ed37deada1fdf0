"""Server CPU per request over real HTTP: `python -m benchmarks.http`.

Every variant is served by a uvicorn of its own (uvloop and httptools where installed); a client in another process
loads one after the other, round after round, over keep-alive connections. Only the server's CPU time is read.
"""

from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks.child import Child
from benchmarks.choice import add_choice, chosen
from benchmarks.cpu import process_cpu_ns
from benchmarks.estimate import Estimate
from benchmarks.load import TOOL, load
from benchmarks.report import arguments, introduce, keep, positive, say, table, verdict
from benchmarks.subject import target_path
from benchmarks.variants import PLAIN, REFERENCE, TARGETS


@dataclass
class Rounds:
    """What the rounds of one variant gave: server CPU per request in µs, and requests per second."""

    cpu: list[float] = field(default_factory=list)
    throughput: list[float] = field(default_factory=list)


class Server:
    """A variant that is being served."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._port = int(child.read()["port"])
        self._answered = 0

    def load(self, path: str, *, seconds: int, connections: int) -> tuple[float, int]:
        """Load it; return the server's CPU microseconds per request and the number of requests."""
        before = process_cpu_ns(self._child.pid)
        requests = load(self._port, path, seconds=seconds, connections=connections)
        spent = process_cpu_ns(self._child.pid) - before
        self._answered += requests
        return spent / requests / 1e3, requests

    def check(self, in_flight: int) -> None:
        """Stop it; raises RuntimeError unless its telemetry counted every request.

        wrk leaves the last request of each connection unanswered: so many of each load may be counted beyond it.
        """
        counted = self._child.finish().get("counted")
        if counted is not None and not self._answered <= counted <= self._answered + in_flight:
            raise RuntimeError(f"{self._answered} requests were answered, and the telemetry counted {counted}")


def measure(variants: list[str], *, routes: int, rounds: int, seconds: int, connections: int) -> dict[str, Rounds]:
    """Return what each variant's rounds gave."""
    path = target_path(routes)
    results: dict[str, Rounds] = defaultdict(Rounds)
    with ExitStack() as stack:
        servers = {
            variant: Server(stack.enter_context(Child("benchmarks.served", variant, str(routes))))
            for variant in variants
        }
        for server in servers.values():
            server.load(path, seconds=1, connections=connections)
        for _ in range(rounds):
            for variant, server in servers.items():
                cpu, requests = server.load(path, seconds=seconds, connections=connections)
                results[variant].cpu.append(cpu)
                results[variant].throughput.append(requests / seconds)
        for server in servers.values():
            server.check(in_flight=(rounds + 1) * connections)
    return dict(results)


def added(results: dict[str, Rounds], variant: str) -> Estimate:
    """Return what the variant added to the plain app's CPU, µs per request."""
    pairs = zip(results[variant].cpu, results[PLAIN].cpu, strict=True)
    return Estimate.of(instrumented - plain for instrumented, plain in pairs)


def added_by_fastest(results: dict[str, Rounds], variant: str) -> float:
    """Return the same from the fastest round of each, which other work on the machine has slowed least."""
    return min(results[variant].cpu) - min(results[PLAIN].cpu)


def show(results: dict[str, Rounds]) -> None:
    """Print the table and the ratio that counts."""
    compared = REFERENCE in results
    rows = []
    for variant, rounds in results.items():
        cpu = Estimate.of(rounds.cpu)
        cells = [variant, f"{cpu.median:.0f} ± {cpu.spread:.0f}"]
        if variant == PLAIN:
            cells += [""] * 4
        else:
            own, fastest = added(results, variant), added_by_fastest(results, variant)
            cells += [f"{own.median:.1f} ± {own.spread:.1f}", "-", f"{fastest:.1f}", "-"]
            if compared:
                cells[3] = f"{own.median / added(results, REFERENCE).median:.2f}"
                cells[5] = f"{fastest / added_by_fastest(results, REFERENCE):.2f}"
        rows.append([*cells, f"{Estimate.of(rounds.throughput).median:,.0f}"])
    table(["variant", "CPU µs/request", "added", "ratio", "added, fastest round", "ratio", "requests/s"], rows)
    for variant, target in TARGETS.items():
        if compared and variant in results:
            ratio = added(results, variant).median / added(results, REFERENCE).median
            fastest = added_by_fastest(results, variant) / added_by_fastest(results, REFERENCE)
            say(f"{variant} / {REFERENCE}: {verdict(ratio, target, '.3f')}")
            say(f"{variant} / {REFERENCE}, fastest rounds: {verdict(fastest, target, '.3f')}")


def main() -> None:
    """Measure, print, keep."""
    parser = arguments(__doc__, rounds=9)
    parser.add_argument("--routes", type=positive, default=50, help="number of routes (default: %(default)s)")
    parser.add_argument("--seconds", type=positive, default=1, help="length of one load (default: %(default)s)")
    parser.add_argument("--connections", type=positive, default=8, help="keep-alive connections (default: %(default)s)")
    add_choice(parser)
    options = parser.parse_args()
    if options.quick:
        options.rounds = 1
    introduce(f"Server CPU per request over HTTP, {options.routes} routes, {options.connections} connections, {TOOL}")
    variants, skipped = chosen(parser, options.variants)
    results = measure(
        variants,
        routes=options.routes,
        rounds=options.rounds,
        seconds=options.seconds,
        connections=options.connections,
    )
    show(results)
    keep(
        options.json,
        {
            "benchmark": "http",
            "skipped": skipped,
            "cpu_microseconds_per_request": {variant: rounds.cpu for variant, rounds in results.items()},
            "requests_per_second": {variant: rounds.throughput for variant, rounds in results.items()},
        },
    )


if __name__ == "__main__":
    main()
