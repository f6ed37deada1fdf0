"""Traffic, errors, response time and latency: per route, per priority and per service.

The first rules read the service's histograms, and nothing after them does. All that follows is sums of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.catalog import Metric, http
from apivitals.slo.outcome import FAILURE, SUCCESS
from apivitals.slo.promql import Select, bucket, total
from apivitals.slo.rule import Recording
from apivitals.slo.series import EVERYTHING, FAILED, OF_ROUTE, OK, QUANTILES, REQUEST_LEVELS, Level

UP = "up"


def request_rules(select: Select) -> Iterator[Recording]:
    """Yield the rules, in the order in which each finds what it needs."""
    yield from _from_histograms(select)
    for level in REQUEST_LEVELS:
        if level is not OF_ROUTE:
            yield from _sums(select, level)
        yield from _counts(select, level)
        yield from _times(select, level)


def increase_rate(select: Select, series: str, *matchers: str) -> str:
    """Give the rate over five minutes, the first value of a new series included.

    `rate` sees no increase in a series that begins with 10: a route's first ten failures, in one scrape interval, would
    be none. Where the target was scraped five minutes ago and had no such series, all of its value is of these five
    minutes. A Prometheus that itself was not there five minutes ago cannot tell, and neither can it of series that
    were pushed: there it is `rate`.
    """
    now, before = select(series, *matchers), select(series, *matchers, before="5m")
    over = select(series, *matchers, over="5m")
    scraped = select(UP, before="5m")
    return f"(({now} unless {before}) and on (job, instance) {scraped} == 1) / 300\nor\nrate({over})"


def _from_histograms(select: Select) -> Iterator[Recording]:
    for matcher, labels in ((SUCCESS, OK), (FAILURE, FAILED)):
        yield Recording(
            OF_ROUTE.response_buckets,
            _summed(f"{OF_ROUTE.by}, le", increase_rate(select, bucket(http.REQUEST_DURATION), matcher)),
            dict([labels.replace('"', "").split("=")]),
        )
    yield Recording(
        OF_ROUTE.latency_buckets,
        f"sum by ({OF_ROUTE.by}, le) (rate({select(bucket(http.TIME_TO_FIRST_BYTE), over='5m')}))",
    )
    for metric, record in (
        (http.REQUEST_DURATION, OF_ROUTE.response_sum),
        (http.TIME_TO_FIRST_BYTE, OF_ROUTE.latency_sum),
    ):
        yield Recording(record, _rate_of_sum(select, metric))


def _rate_of_sum(select: Select, metric: Metric) -> str:
    return f"sum by ({OF_ROUTE.by}) (rate({select(total(metric), over='5m')}))"


def _summed(labels: str, inner: str) -> str:
    indented = "\n".join(f"  {line}" for line in inner.splitlines())
    return f"sum by ({labels}) (\n{indented}\n)"


def _sums(select: Select, level: Level) -> Iterator[Recording]:
    yield Recording(level.response_buckets, f"sum by ({level.by}, outcome, le) ({select(OF_ROUTE.response_buckets)})")
    yield Recording(level.latency_buckets, f"sum by ({level.by}, le) ({select(OF_ROUTE.latency_buckets)})")
    yield Recording(level.response_sum, f"sum by ({level.by}) ({select(OF_ROUTE.response_sum)})")
    yield Recording(level.latency_sum, f"sum by ({level.by}) ({select(OF_ROUTE.latency_sum)})")


def _counts(select: Select, level: Level) -> Iterator[Recording]:
    buckets = level.response_buckets
    yield Recording(level.requests, f"sum by ({level.by}) ({select(buckets, EVERYTHING)})")
    yield Recording(
        level.errors,
        f"sum by ({level.by}) ({select(buckets, FAILED, EVERYTHING)})\nor\n0 * {select(level.requests)}",
    )
    yield Recording(level.error_ratio, f"{select(level.errors)} / ({select(level.requests)} > 0)")
    yield Recording(level.peak, f"max_over_time({select(level.requests, over='1d')})")


def _times(select: Select, level: Level) -> Iterator[Recording]:
    for name, quantile in QUANTILES.items():
        yield Recording(level.response_time(name), _quantile(select, level, quantile, level.response_buckets))
        yield Recording(level.latency(name), _quantile(select, level, quantile, level.latency_buckets))
    yield Recording(level.response_time("mean"), f"{select(level.response_sum)} / ({select(level.requests)} > 0)")
    counted = f"sum by ({level.by}) ({select(level.latency_buckets, EVERYTHING)})"
    yield Recording(level.latency("mean"), f"{select(level.latency_sum)} / ({counted} > 0)")


def _quantile(select: Select, level: Level, quantile: str, buckets: str) -> str:
    # ">= 0" leaves out the NaN of a histogram in which nothing happened
    return f"histogram_quantile({quantile}, sum by ({level.by}, le) ({select(buckets)})) >= 0"
