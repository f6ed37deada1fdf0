"""Alerts on error budgets that burn too fast: multi-window, multi-burn-rate, in four tiers of two kinds.

https://sre.google/workbook/alerting-on-slos/, the sixth way. Two tiers of one kind are one rule, joined by `or`: as two
rules they would be one alert to Alertmanager, which one of them would resolve while the other still fires.
"""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.slo.alerting import About, Text, alert
from apivitals.slo.first import commonest_error, grown_component, of_subject
from apivitals.slo.intervals import RATES_SECONDS
from apivitals.slo.objective import AVAILABILITY, Burning, Objective, burning, objectives_of
from apivitals.slo.plan import Plan
from apivitals.slo.promql import number
from apivitals.slo.recording.objectives import SHORT_WINDOWS, budget_window
from apivitals.slo.rule import Alert
from apivitals.slo.series import Level
from apivitals.slo.template import DURATION, PERCENTAGE, RATE, asked, same

NAMES = {AVAILABILITY: "ApiAvailabilityBudgetBurn"}
LATENCY_NAME = "ApiLatencyBudgetBurn"


def burn_rate_alerts(plan: Plan) -> Iterator[Alert]:
    """Yield two alerts for each objective: of a budget that burns fast, and of one that burns slowly."""
    for objective in objectives_of(plan):
        tiers = list(burning(objective, plan.windows_days))
        severities = objective.subject.demands.severities
        name = NAMES.get(objective.kind, LATENCY_NAME)
        fast = [tier for tier in tiers if tier.rate.tier == "fast"]
        slow = [tier for tier in tiers if tier.rate.tier == "slow"]
        shown = objective.subject.level.labels
        yield alert(
            plan,
            About(name, "slo", "fast", shown),
            _expr(plan, objective, fast),
            severities.fast,
            _text(plan, objective, fast),
            labels=objective.labels,
            held="1m",
        )
        yield alert(
            plan,
            About(name, "slo", "slow", shown),
            _expr(plan, objective, slow),
            severities.slow,
            _text(plan, objective, slow),
            labels=objective.labels,
            held="15m",
        )


def _expr(plan: Plan, objective: Objective, tiers: list[Burning]) -> str:
    return "\nor\n".join(_condition(plan, objective, tier) for tier in tiers)


def _condition(plan: Plan, objective: Objective, tier: Burning) -> str:
    level, select, matchers = objective.subject.level, plan.select, objective.matchers
    long = f"{select(level.slo_ratio(tier.rate.long), *matchers)} > {number(tier.ratio)}"
    short = f"{select(level.slo_ratio(tier.rate.short), *matchers)} > {number(tier.ratio)}"
    bad = _bad_events(plan, objective, tier.rate.long)
    least = objective.subject.demands.minimum_bad_events
    return f"(\n  {long}\n  and\n  {short}\n  and\n  {bad} >= {least}\n)"


def _bad_events(plan: Plan, objective: Objective, window: str) -> str:
    level = objective.subject.level
    if window in SHORT_WINDOWS:
        return f"sum_over_time({plan.select(level.slo_bad, *objective.matchers, over=window)}) * {RATES_SECONDS}"
    return f"sum_over_time({plan.select(level.slo_bad_counted, *objective.matchers, over=window)})"


def _text(plan: Plan, objective: Objective, tiers: list[Burning]) -> Text:
    level, select = objective.subject.level, plan.select
    failed = "failed" if objective.kind == AVAILABILITY else "were too slow"
    mine = same(*level.labels, *_own(level, objective))
    long = tiers[0].rate.long
    ratio = select(level.slo_ratio(long), *mine)
    remaining = select(level.budget_remaining, *mine)
    left = asked(f"clamp_min({remaining}, 0)", f"{PERCENTAGE} of the error budget of {budget_window(plan)} is left")
    rate = asked(select(level.burn_rate, *mine), f"; it burns {RATE} times faster than allowed")
    soon = asked(f"{select(level.exhaustion, *mine)} > 0", f" and would be gone in {DURATION}")
    first = commonest_error(select, level) if objective.kind == AVAILABILITY else f" {grown_component(select, level)}"
    share = asked(ratio, PERCENTAGE, "More than allowed")
    return Text(
        f"{of_subject(objective.subject)}: {share} {failed} in {long}, objective {objective.words}",
        f"{left}{rate}{soon}.{first}",
    )


def _own(level: Level, objective: Objective) -> tuple[str, ...]:
    return tuple(name for name in objective.labels if name not in level.labels)
