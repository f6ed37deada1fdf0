"""Service level objectives: what is good, how much of it, and what is left to fail. All exact, in decimals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from apivitals.objectives import BURN_RATES, BurnRate
from apivitals.slo.plan import Plan, Subject
from apivitals.slo.promql import number, spelled

AVAILABILITY, LATENCY = "availability", "latency"
_ALL_BUT_CERTAIN = Decimal("0.9")


@dataclass(frozen=True)
class Objective:
    """So many percent of a subject's requests are good: they do not fail, or are answered within a time."""

    subject: Subject
    kind: str
    percent: Decimal
    within_seconds: float | None = None

    @property
    def target(self) -> Decimal:
        """The good requests as a ratio: 0.999."""
        return self.percent.scaleb(-2)

    @property
    def budget(self) -> Decimal:
        """The bad requests as a ratio: 0.001."""
        return 1 - self.target

    @property
    def words(self) -> str:
        """What is demanded: ``99.9%``, ``99% within 1s``."""
        within = "" if self.within_seconds is None else f" within {spelled(self.within_seconds)}"
        return f"{number(self.percent)}%{within}"

    @property
    def labels(self) -> dict[str, str]:
        """Labels of its series, besides those that these have of themselves."""
        return {**self.subject.labels, "slo": self.kind, "objective": self.words}

    @property
    def matchers(self) -> tuple[str, ...]:
        """What selects its recorded series."""
        return tuple(f'{name}="{_escaped(value)}"' for name, value in self.labels.items())


@dataclass(frozen=True)
class Burning:
    """One tier's windows, and the ratio of bad requests past which both of them burn."""

    rate: BurnRate
    ratio: Decimal


def objectives_of(plan: Plan) -> Iterator[Objective]:
    """Yield every objective of classes, and of routes that have their own."""
    for subject in plan.subjects:
        if not subject.has_objectives:
            continue
        demands = subject.demands
        if demands.availability_percent is not None:
            yield Objective(subject, AVAILABILITY, demands.availability_percent)
        for latency in demands.latency:
            yield Objective(subject, LATENCY, latency.percent, latency.within_seconds)


def burning(objective: Objective, window_days: int) -> Iterator[Burning]:
    """Yield the tiers, each with the ratio of bad requests past which it burns.

    The workbook's factors are shares of a budget of 30 days: 14.4 is 2 % of it in an hour. Those of another period are
    the same shares of that, and at least 1, which is what is allowed. Where all requests failing would not burn fast
    enough for the factor, which is so for objectives under 93.1 %, the tier's ratio is 90 % bad requests instead, or
    for budgets near that, half way between the budget and all.
    """
    most = max(_ALL_BUT_CERTAIN, (1 + objective.budget) / 2)
    for rate in BURN_RATES:
        yield Burning(rate, min(rate.factor_for(window_days) * objective.budget, most))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
