"""A process with a `Gpu` in it, told what to do by lines of JSON: the library of a process cannot be changed.

Each request is `[what, keyword arguments]`, each answer the value or `{"raised": ...}`.
"""

import json
import logging
import os
import sys
import threading
from typing import Any

from apivitals.catalog import Metric
from apivitals.catalog import gpu as catalog
from apivitals.export.prometheus import Format, render
from apivitals.families import Number
from apivitals.sources.gpu import Gpu
from apivitals.sources.sampler import Sampler
from tests.support.exposition import samples

DECLARED = {value for value in vars(catalog).values() if isinstance(value, Metric)}


class Log(logging.Handler):
    """Keeps the lines that nobody has asked for yet."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[list[str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.lines.append([record.levelname, record.getMessage()])


class Remote:
    """What can be asked for, by the methods' names."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.log = Log()
        logger = logging.getLogger("apivitals")
        logger.setLevel(logging.DEBUG)
        logger.addHandler(self.log)

    def make(self, **options: bool) -> None:
        """Make the source anew."""
        self.gpu = Gpu(clock=lambda: self.now, **options)
        self.log.lines.clear()

    def available(self) -> bool:
        """Ask whether there is a library."""
        return self.gpu.available()

    def later(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds

    def collect(self) -> dict[str, Any]:
        """Take a reading, look that it is well-formed, and return it."""
        families = list(self.gpu.collect())
        for family in families:
            assert family.metric in DECLARED
            assert family.label_names == family.metric.label_names
            assert isinstance(family.points, list)
        pages = ["".join(text for family in families for text in render(family, form)) for form in Format]
        lines, open_lines = list(samples(pages[0])), list(samples(pages[1] + "# EOF\n"))
        points = [
            [family.metric.exposed, *(point.labels or ()), point.value]
            for family in families
            for point in family.points
            if isinstance(point, Number)
        ]
        assert len(lines) == len(open_lines) == len(points)
        failures = {part: str(error) for part, error in self.gpu.failures.items()}
        return {"points": points, "failures": failures, "log": self._logged()}

    def collect_in_child(self) -> dict[str, Any]:
        """Take the reading in a forked child, which then closes the source."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            found = self.collect()
            self.gpu.close()
            os.write(writer, json.dumps(found).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as answer:
            found = json.loads(answer.read() or '"the child failed"')
        os.waitpid(pid, 0)
        return dict(found)

    def start_sampler(self) -> None:
        """Sample in the background from now on."""
        self.sampler = Sampler([self.gpu], 0.01)
        self.sampler.start()

    def scrape(self) -> list[str]:
        """Return the names of what a scrape shows, without waiting for the driver."""
        return [family.metric.name for family in self.sampler.collect()]

    def threads(self) -> int:
        """Count the threads."""
        return threading.active_count()

    def stop_sampler(self) -> None:
        """Stop to sample, without waiting for the thread."""
        self.sampler.stop()

    def close(self) -> list[list[str]]:
        """Close the source."""
        self.gpu.close()
        return self._logged()

    def binding_is_loaded(self) -> bool:
        """Say whether nvidia-ml-py was imported."""
        return "pynvml" in sys.modules

    def _logged(self) -> list[list[str]]:
        lines, self.log.lines = self.log.lines, []
        return lines


def main() -> None:
    """Answer until there are no more requests."""
    remote = Remote()
    for line in sys.stdin:
        what, options = json.loads(line)
        try:
            answer = getattr(remote, what)(**options)
        except Exception as error:  # noqa: BLE001  # the test shows it
            answer = {"raised": repr(error)}
        print(json.dumps(answer), flush=True)  # noqa: T201  # the answer's way back


if __name__ == "__main__":
    main()
