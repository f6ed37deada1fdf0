"""This week over last: what is now beside what was at the same hour a week ago."""

from __future__ import annotations

from collections.abc import Callable

from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.slo.series import Level

NOW, THEN, MOST, LEAST = "now", "a week ago", "usual, at most", "usual, at least"
WEEK = "1w"
_THEN_COLOUR = "light-purple"


def past_row(level: Level, select: Callable[..., str], usual: tuple[str, str] | None = None) -> Row:
    """Return the row for the requests that `select` selects of a level's series; `usual` is a band, upper and lower."""
    band = (
        () if usual is None else tuple(Query(f"sum({select(s)})", n) for s, n in zip(usual, (MOST, LEAST), strict=True))
    )
    return Row(
        "This week over last",
        (
            Lines(
                title="Throughput, and a week ago",
                description="Requests per second now and at the same hour a week ago"
                + (
                    ", and the band of what is usual at this hour of the week: it takes a day of data, and is good"
                    " after a week. Outside of it, ask what has changed."
                    if usual
                    else ". A route that its callers leave is as telling as one that they run over."
                ),
                unit="reqps",
                queries=(*_both("sum", select, level.requests), *band),
                colours={NOW: "blue", THEN: _THEN_COLOUR},
                dashed=f"^{THEN}$",
                bounds=None if usual is None else (MOST, LEAST),
                least=0,
            ),
            Lines(
                title="Response time, p95, and a week ago",
                description="Now and at the same hour a week ago. Slower at the same throughput: a release or the data"
                " has made it so; compare the components before and after the step.",
                unit="s",
                queries=_both("max", select, level.response_time("p95")),
                colours={NOW: "blue", THEN: _THEN_COLOUR},
                dashed=f"^{THEN}$",
                least=0,
            ),
            Lines(
                title="Errors, and a week ago",
                description="Failed requests as a share of all, now and at the same hour a week ago. What fails every"
                " week at this hour has a timetable: a job, a backup, a partner's window.",
                unit="percentunit",
                queries=tuple(
                    Query(
                        f"sum({select(level.errors, before=ago)}) / (sum({select(level.requests, before=ago)}) > 0)",
                        name,
                    )
                    for name, ago in ((NOW, ""), (THEN, WEEK))
                ),
                colours={NOW: "red", THEN: _THEN_COLOUR},
                dashed=f"^{THEN}$",
                least=0,
            ),
        ),
    )


def _both(aggregate: str, select: Callable[..., str], series: str) -> tuple[Query, ...]:
    return (
        Query(f"{aggregate}({select(series)})", NOW),
        Query(f"{aggregate}({select(series, before=WEEK)})", THEN),
    )
