"""Objectives: good and bad requests, the error budget, and how fast it burns.

Windows are sums of what was recorded, so that a ratio over days is one of requests, not an average of ratios, that an
idle hour weighs nothing, and that a restart is seen by `rate` alone, which knows about restarts.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter

from apivitals.objectives import BURN_RATES, BurnRate
from apivitals.slo.intervals import COUNTS_SECONDS, DAY_SECONDS, HOUR_SECONDS, WINDOW_SECONDS
from apivitals.slo.objective import LATENCY, Objective, objectives_of
from apivitals.slo.plan import Plan
from apivitals.slo.promql import Select, le, number
from apivitals.slo.rule import Recording
from apivitals.slo.series import EVERYTHING, OK, Level


def _both(rate: BurnRate) -> Iterator[tuple[str, int]]:
    yield rate.short, rate.short_seconds
    yield rate.long, rate.long_seconds


_WINDOWS = {name: s for rate in BURN_RATES for name, s in _both(rate) if s > WINDOW_SECONDS}
SHORT_WINDOWS = tuple(name for name, seconds in sorted(_WINDOWS.items(), key=itemgetter(1)) if seconds <= HOUR_SECONDS)
LONG_WINDOWS = tuple(name for name, seconds in sorted(_WINDOWS.items(), key=itemgetter(1)) if seconds > HOUR_SECONDS)


def budget_window(plan: Plan) -> str:
    """Name the window of the error budget, as ``30d``."""
    return f"{plan.windows_days}d"


def short_rules(plan: Plan) -> Iterator[Recording]:
    """Yield good and bad requests of each objective, and their ratios over windows up to an hour."""
    objectives = list(objectives_of(plan))
    for objective in objectives:
        yield from _requests(plan.select, objective)
    for level in _levels(objectives):
        yield Recording(
            level.slo_ratio("5m"), f"{plan.select(level.slo_bad)} / ({plan.select(level.slo_requests)} > 0)"
        )
        for window in SHORT_WINDOWS:
            yield Recording(level.slo_ratio(window), _ratio(plan.select, level.slo_bad, level.slo_requests, window))
    for objective in objectives:
        level = objective.subject.level
        hour = plan.select(level.slo_ratio("1h"), *objective.matchers)
        yield Recording(level.burn_rate, f"{hour} / {number(objective.budget)}", objective.labels)


def long_rules(plan: Plan) -> Iterator[Recording]:
    """Yield counts, their ratios over windows of hours and days, and the budget."""
    select, objectives = plan.select, list(objectives_of(plan))
    for level in _levels(objectives):
        for rate, counted in (
            (level.slo_requests, level.slo_requests_counted),
            (level.slo_bad, level.slo_bad_counted),
        ):
            yield Recording(counted, f"{select(rate)} * {COUNTS_SECONDS}")
        for window in (*LONG_WINDOWS, budget_window(plan)):
            yield Recording(
                level.slo_ratio(window), _ratio(select, level.slo_bad_counted, level.slo_requests_counted, window)
            )
    for objective in objectives:
        yield from _budget(plan, objective)


def _requests(select: Select, objective: Objective) -> Iterator[Recording]:
    subject, level, labels = objective.subject, objective.subject.level, objective.labels
    if objective.kind == LATENCY and objective.within_seconds is not None:
        # Of requests that failed it does not matter how fast they did; they are availability's.
        answered = subject.series(select, level.response_buckets, OK, EVERYTHING)
        within = subject.series(select, level.response_buckets, OK, le(objective.within_seconds))
        yield Recording(level.slo_requests, f"sum without (outcome, le) ({answered})", labels)
        yield Recording(
            level.slo_bad,
            f"clamp_min(\n  sum without (outcome, le) ({answered})\n  -\n"
            f"  sum without (outcome, le) ({within}),\n  0\n)",
            labels,
        )
    else:
        yield Recording(level.slo_requests, subject.series(select, level.requests), labels)
        yield Recording(level.slo_bad, subject.series(select, level.errors), labels)


def _budget(plan: Plan, objective: Objective) -> Iterator[Recording]:
    level, labels, select = objective.subject.level, objective.labels, plan.select
    window = budget_window(plan)
    ratio = select(level.slo_ratio(window), *objective.matchers)
    remaining = select(level.budget_remaining, *objective.matchers)
    burn = select(level.burn_rate, *objective.matchers)
    yield Recording(level.slo_target, f"{number(objective.target)} + 0 * {ratio}", labels)
    yield Recording(level.budget, f"{number(objective.budget)} + 0 * {ratio}", labels)
    yield Recording(level.budget_remaining, f"1 - {ratio} / {number(objective.budget)}", labels)
    seconds = plan.windows_days * DAY_SECONDS
    yield Recording(level.exhaustion, f"clamp_min({remaining}, 0) * {seconds} / ({burn} > 0)", labels)


def _ratio(select: Select, bad: str, requests: str, window: str) -> str:
    return f"sum_over_time({select(bad, over=window)})\n/\n(sum_over_time({select(requests, over=window)}) > 0)"


def _levels(objectives: list[Objective]) -> list[Level]:
    return list(dict.fromkeys(objective.subject.level for objective in objectives))
