"""What to look at first: queries, answered when the alert is sent, that point at where a change came from."""

from __future__ import annotations

from apivitals.catalog import http
from apivitals.slo.outcome import FAILURE
from apivitals.slo.plan import Subject
from apivitals.slo.promql import Select, count
from apivitals.slo.series import COMPONENT, ERROR_TYPE, METHOD, OF_ROUTE, ROUTE, Level
from apivitals.slo.template import DURATION, PERCENTAGE, RATE, asked, of, same


def grown_component(select: Select, level: Level, *, before: str = "1h") -> str:
    """Name the component whose time per request grew most since `before`; without a past, the largest."""
    labels = same(*level.labels)
    mean, past = select(level.component_mean, *labels), select(level.component_mean, *labels, before=before)
    share = select(level.component_share, *labels)
    ago = {"1h": "an hour", "1w": "a week"}[before]
    largest = asked(
        f"topk(1, {share})",
        f"Look first at {of(COMPONENT)}: {PERCENTAGE} of the response time.",
        "There is no breakdown.",
    )
    return asked(
        f"topk(1, {mean} - {past} > 0)",
        f"Look first at {of(COMPONENT)}: {DURATION} more per request than {ago} ago.",
        largest,
    )


def slowest_route(select: Select, level: Level) -> str:
    """Name the route that most of the time is spent on, in a sentence that begins with a space."""
    series = select(OF_ROUTE.response_sum, *same(*level.labels))
    return asked(f"topk(1, {series})", f" Most time goes to {of(METHOD)} {of(ROUTE)}.")


def commonest_error(select: Select, level: Level) -> str:
    """Name the route and the error that most failures are of, likewise."""
    raw = select(count(http.REQUEST_DURATION), FAILURE, *same(*level.labels), over="5m")
    failing = f"topk(1, sum by ({METHOD}, {ROUTE}, {ERROR_TYPE}) (rate({raw})) > 0)"
    return asked(
        failing,
        f" Look first at {of(ERROR_TYPE)} in {of(METHOD)} {of(ROUTE)}, {RATE}/s.",
    )


def of_subject(subject: Subject) -> str:
    """Say which requests an alert is about: ``critical-priority requests of shop``."""
    return f"{subject.by} of {{{{ $labels.job }}}}"
