"""Which targets of Prometheus are instrumented services; `up` alone is of every exporter there is."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.catalog import internal
from apivitals.slo.promql import Select
from apivitals.slo.rule import Recording
from apivitals.slo.series import INSTRUMENTED, JOB

UP = "up"


def target_rules(select: Select) -> Iterator[Recording]:
    """Yield the services that are instrumented: seen within the hour, or seen once and still to be scraped.

    The rule reads what it gave before: a service that is down for days is remembered, without days of samples.
    """
    seen = f"last_over_time({select(internal.BUILD_INFO, over='1h')})"
    remembered = f"({select(INSTRUMENTED)} and on ({JOB.by}) {select(UP)})"
    yield Recording(INSTRUMENTED, f"group by ({JOB.by}) (\n  {seen}\n  or\n  {remembered}\n)")


def present(select: Select) -> str:
    """Give the services that are there now, scraped or pushing."""
    return f"group by ({JOB.by}) ({select(internal.BUILD_INFO)})"


def down(select: Select) -> str:
    """Give the services none of whose instances could be scraped."""
    return f"(sum by ({JOB.by}) ({select(UP)}) == 0 and on ({JOB.by}) {select(INSTRUMENTED)})"
