"""How often groups are evaluated. Sums of what was recorded count on these, so groups say them."""

from __future__ import annotations

RATES_SECONDS = 30
"""Rates over five minutes, and all that is made of them at once."""
COUNTS_SECONDS = 120
"""Counts that long windows add up. Under the five minutes after which a series counts as gone."""
WINDOW_SECONDS = 300
"""The window of every rate."""
HOUR_SECONDS = 3600
DAY_SECONDS = 86_400
