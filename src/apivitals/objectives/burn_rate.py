"""The four tiers of burn-rate alerts.

A burn rate is how many times faster than allowed the error budget is spent. An alert fires when it burns over both a
short and a long window: the long one says that it matters, the short one that it still goes on. Windows and factors
are those of the Site Reliability Workbook, chapter 5: https://sre.google/workbook/alerting-on-slos/
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

_WORKBOOK_DAYS = 30
Tier = Literal["fast", "slow"]


@dataclass(frozen=True)
class BurnRate:
    """One tier: its windows, in seconds and as Prometheus spells them, and the factor that both must burn at."""

    tier: Tier
    short: str
    short_seconds: int
    long: str
    long_seconds: int
    factor: Decimal
    """For a budget of 30 days."""

    def factor_for(self, window_days: int) -> Decimal:
        """Return the factor that spends the same share of a budget of so many days; at least 1, which is allowed."""
        return max(self.factor * window_days / _WORKBOOK_DAYS, Decimal(1))

    def can_fire(self, error_budget: Decimal, window_days: int = _WORKBOOK_DAYS) -> bool:
        """Whether a failure of every request is enough; at factor times budget of 1 or more, it is not."""
        return self.factor_for(window_days) * error_budget < 1


BURN_RATES = (
    BurnRate("fast", "5m", 300, "1h", 3600, Decimal("14.4")),
    BurnRate("fast", "30m", 1800, "6h", 21_600, Decimal(6)),
    BurnRate("slow", "2h", 7200, "1d", 86_400, Decimal(3)),
    BurnRate("slow", "6h", 21_600, "3d", 259_200, Decimal(1)),
)
SCRAPES_IN_A_WINDOW = 4
"""A rate over fewer scrapes misses an interval now and then, and says nothing after a lost one."""
