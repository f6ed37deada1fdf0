"""Which targets of Prometheus are instrumented services; `up` alone is of every exporter there is."""

from __future__ import annotations

from apivitals.catalog import internal
from apivitals.slo.promql import Select
from apivitals.slo.series import INSTANCE, JOB

UP = "up"
_REMEMBERED = "1d"


def instrumented(select: Select, *, over: str = _REMEMBERED) -> str:
    """Give the services that were seen within `over`."""
    return f"group by ({JOB.by}) (last_over_time({select(internal.BUILD_INFO, over=over)}))"


def instrumented_instances(select: Select) -> str:
    """Give the instances that were seen within a day."""
    return f"group by ({INSTANCE.by}) (last_over_time({select(internal.BUILD_INFO, over=_REMEMBERED)}))"


def present(select: Select) -> str:
    """Give the services that are there now, scraped or pushing."""
    return f"group by ({JOB.by}) ({select(internal.BUILD_INFO)})"


def down(select: Select) -> str:
    """Give the services none of whose instances could be scraped."""
    return f"(sum by ({JOB.by}) ({select(UP)}) == 0 and on ({JOB.by}) {instrumented(select)})"
