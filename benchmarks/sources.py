"""What sampling the machine costs, and what the samples add to a scrape: `python -m benchmarks.sources`."""

import time
from collections.abc import Callable, Iterable

from apivitals.configuration import load
from apivitals.export.prometheus import Format, render
from apivitals.sources.background import Background
from apivitals.sources.sampler import Sampler
from apivitals.store import Store
from benchmarks.estimate import Estimate
from benchmarks.report import arguments, introduce, keep, say, table

_ROUNDS = 200
_TURNS_PER_MINUTE = 12  # one in five seconds, the default


def measure(rounds: int) -> tuple[dict[str, Estimate], Estimate, int]:
    """Return the CPU ms of a sample by source, those of rendering all samples, and how many lines that is.

    The first sample, which finds out what there is to read, is not counted.
    """
    background = Background(load({}, {}), Store())
    sources = list(background.sources())
    sampler = Sampler(sources, 5.0)
    sampler.sample()
    time.sleep(1.0)  # what is measured between two samples needs a second one, some time later
    sampler.sample()
    samples = {source.name: Estimate.of(_cpu_ms(source.collect) for _ in range(rounds)) for source in sources}
    scrape = Estimate.of(_cpu_ms(lambda: _render(sampler)) for _ in range(rounds))
    lines = _render(sampler).count("\n")
    background.stop()
    return samples, scrape, lines


def _cpu_ms(read: Callable[[], Iterable[object]]) -> float:
    began = time.thread_time()
    for _ in read():
        pass
    return (time.thread_time() - began) * 1e3


def _render(sampler: Sampler) -> str:
    return "".join(text for family in sampler.collect() for text in render(family, Format.TEXT))


def main() -> None:
    """Measure, print, keep."""
    options = arguments(__doc__).parse_args()
    rounds = 20 if options.quick else _ROUNDS
    introduce("Sampling the machine")
    samples, scrape, lines = measure(rounds)
    rows = [[name, f"{one.median:.3f} ± {one.spread:.3f}"] for name, one in samples.items()]
    table(["one sample of", "CPU, ms"], rows)
    whole = sum(one.median for one in samples.values())
    say(f"all of them, every 5 s: {whole * _TURNS_PER_MINUTE:.0f} ms of CPU a minute, {whole / 50:.3f} % of a core")
    say(f"added to a scrape: {lines} lines, {scrape.median:.2f} ± {scrape.spread:.2f} ms of CPU")
    keep(
        options.json,
        {
            "benchmark": "sources",
            "sample_ms": {name: one.median for name, one in samples.items()},
            "scrape_ms": scrape.median,
            "lines": lines,
        },
    )


if __name__ == "__main__":
    main()
