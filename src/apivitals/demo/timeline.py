"""The scrapes of the last minute: a sliding window for the numbers, and a history for the sparklines."""

from collections import deque

from apivitals.demo.route import Route
from apivitals.demo.scrape import Scrape
from apivitals.demo.vital_signs import Report, VitalSigns, compare

WINDOW_SECONDS = 10.0
STEP_SECONDS = 5.0
STEPS = 12


class Timeline:
    """Keeps a minute of scrapes, oldest first; the first one is the baseline of everything until it is forgotten."""

    def __init__(self, baseline: Scrape) -> None:
        self._first = baseline
        self._scrapes = deque([baseline])
        self._steps: deque[Report] = deque(maxlen=STEPS)
        self._step_start = baseline

    def add(self, scrape: Scrape) -> None:
        """Take the next scrape, and forget those that no window will reach again."""
        self._scrapes.append(scrape)
        while len(self._scrapes) > 1 and scrape.at_seconds - self._scrapes[1].at_seconds >= WINDOW_SECONDS:
            self._scrapes.popleft()
        if scrape.at_seconds - self._step_start.at_seconds >= STEP_SECONDS:
            self._steps.append(compare(self._step_start, scrape))
            self._step_start = scrape

    def recent(self) -> Report:
        """Measure the shortest time up to now that covers ten seconds; since the baseline where that is shorter.

        Raises:
            ValueError: there is only the baseline.

        """
        return compare(self._scrapes[0], self._scrapes[-1])

    def whole(self) -> Report:
        """Measure everything since the baseline.

        Raises:
            ValueError: there is only the baseline.

        """
        return compare(self._first, self._scrapes[-1])

    def throughput_history(self) -> dict[Route, list[float]]:
        """Give each route's requests per second in each five seconds of the last minute, oldest first."""
        routes = {route for report in self._steps for route in report.by_route}
        return {
            route: [report.by_route.get(route, VitalSigns()).throughput_per_second for report in self._steps]
            for route in routes
        }
