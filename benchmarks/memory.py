"""Bytes per histogram series, and with --soak whether memory stays flat under load: `python -m benchmarks.memory`.

A histogram series is one label set with all its buckets. Half of the series have 16 bounds and half have 8, as in
the HTTP metrics.
"""

from benchmarks.child import Child
from benchmarks.report import arguments, introduce, keep, positive, say, table, verdict
from benchmarks.soak import soak

TARGET_BYTES = 1024
NAMES = {"ours": "apivitals", "peer": "prometheus-client"}


def measure(label_sets: int) -> dict[str, dict[str, float]]:
    """Return the bytes per series of both sides, traced and resident."""
    return {side: {how: _bytes_per_series(side, label_sets, how) for how in ("traced", "resident")} for side in NAMES}


def _bytes_per_series(side: str, label_sets: int, how: str) -> float:
    with Child("benchmarks.series", side, str(label_sets), how) as child:
        return float(child.read()["bytes_per_series"])


def main() -> None:
    """Measure, print, keep."""
    parser = arguments(__doc__)
    parser.add_argument("--label-sets", type=positive, default=2000, help="label sets, each with four histograms")
    parser.add_argument("--soak", type=positive, metavar="SECONDS", help="also load an app for so long")
    options = parser.parse_args()
    if options.quick:
        options.label_sets = 200
    introduce("Memory")
    series = measure(options.label_sets)
    rows = [[NAMES[side], f"{found['traced']:.0f}", f"{found['resident']:.0f}"] for side, found in series.items()]
    table(["bytes per histogram series", "traced", "resident"], rows)
    worst = max(series["ours"].values())
    say(f"apivitals, bytes per histogram series: {verdict(worst, TARGET_BYTES, '.0f')}")
    results = {"benchmark": "memory", "bytes_per_series": series}
    if options.soak:
        say()
        results["soak"] = soak(options.soak)
    keep(options.json, results)


if __name__ == "__main__":
    main()
