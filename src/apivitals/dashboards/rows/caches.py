"""Caches: how often they save the work."""

from __future__ import annotations

from apivitals.catalog import operation
from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.dashboards.selection import of_job, rate, threshold
from apivitals.slo import series
from apivitals.slo.recording.work import CACHE, RESULT

_LEGEND = f"{{{{{CACHE}}}}}"
_NONE = "No cache is recorded."
_MISS = f'{RESULT}="miss"'

CACHES = Row(
    "Caches",
    (
        Lines(
            title="Hits",
            description="Look-ups that hit, as a share, of each cache. A cliff is a flush or keys that changed with a"
            " release; a slow fall is a cache that is too small for what is asked of it.",
            unit="percentunit",
            queries=(
                Query(f"max by ({CACHE}) ({of_job(series.CACHE_HITS)})", _LEGEND),
                Query(threshold("cache_hit", beside=of_job(series.CACHE_HITS)), "{{severity}} threshold"),
            ),
            least=0,
            most=1,
            when_empty=_NONE,
        ),
        Lines(
            title="Look-ups",
            description="Look-ups per second of each cache. Many for each request are loops that ask for one thing at"
            " a time: ask for several at once.",
            unit="ops",
            queries=(Query(f"sum by ({CACHE}) ({of_job(series.CACHE_LOOKUPS)})", _LEGEND),),
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Misses",
            description="Misses per second: each is work that the cache was to save. If they rise with the throughput"
            " while the share of hits stays, the cache does what it can.",
            unit="ops",
            queries=(Query(f"sum by ({CACHE}) ({rate(of_job(operation.CACHE_REQUESTS, _MISS))})", _LEGEND),),
            least=0,
            when_empty=_NONE,
        ),
    ),
)
