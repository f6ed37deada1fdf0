"""An app with as many label sets as one likes, filled by real requests under a clock that we turn.

Every request takes a random time, so that the buckets fill as in a service and not all in the first one.
"""

import random
from collections.abc import Iterator
from itertools import islice, product
from unittest.mock import patch

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import apivitals
from apivitals.catalog import CATALOG, Kind
from apivitals.http import exchange
from benchmarks.client import Client

METHODS = ("GET", "POST")
STATUSES = (200, 404, 503)
# Two histograms with 16 bounds and two with 8, each with +Inf, sum and count; the gauges of requests in flight add
# two lines for a method and route, which is a third of a label set here.
LINES_PER_LABEL_SET = 2 * (16 + 3) + 2 * (8 + 3)
HISTOGRAMS = 4


class Traffic:
    """The instrumented app and the requests that fill its series."""

    def __init__(self, label_sets: int, *, breakdown: bool = False) -> None:
        self._label_sets = label_sets
        routes = -(-label_sets // (len(METHODS) * len(STATUSES)))
        self.app = Starlette(
            routes=[Route(f"/shelf_{number}/videos/{{video}}", _answer, methods=METHODS) for number in range(routes)]
        )
        self._paths = [f"/shelf_{number}/videos/the-general" for number in range(routes)]
        self.vitals = apivitals.instrument(self.app, breakdown=breakdown)
        self.client = Client(self.app)

    def histogram_series(self) -> int:
        """Return how many histogram series the page shows."""
        names = {metric.exposed + "_count" for metric in CATALOG if metric.kind is Kind.HISTOGRAM}
        return sum(line.partition("{")[0] in names for line in self.vitals.metrics().splitlines())

    async def fill(self, requests_each: int) -> None:
        """Make so many requests for each label set, with random durations and sizes."""
        chance = random.Random(1926)  # noqa: S311 - sizes, not secrets
        with patch.object(exchange, "perf_counter", _Clock(chance).read):
            for path, method, status in self._choices():
                for _ in range(requests_each):
                    size = int(chance.lognormvariate(6, 2))
                    query = b"status=%d&size=%d" % (status, size)
                    body = bytes(size // 10) if method == "POST" else b""
                    await self.client.request(path, method=method, query=query, body=body)

    def _choices(self) -> Iterator[tuple[str, str, int]]:
        return islice(product(self._paths, METHODS, STATUSES), self._label_sets)


class _Clock:
    """Goes on by a random time at each reading, around 20 ms."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._now = 0.0

    def read(self) -> float:
        self._now += self._chance.lognormvariate(-4, 1.5)
        return self._now


async def _answer(request: Request) -> Response:
    await request.body()
    query = request.query_params
    return Response(bytes(int(query["size"])), int(query["status"]))
