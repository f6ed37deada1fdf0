"""How fast error budgets are used up, over the windows that alerts look at."""

from __future__ import annotations

from apivitals.dashboards import colours
from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.dashboards.selection import of_class, of_job
from apivitals.objectives import BURN_RATES, BurnRate
from apivitals.slo import series
from apivitals.slo.series import PRIORITY

_C = series.CLASS
_BY = f"{_C.by}, slo, objective"
_BURN_RATE = 'threshold="burn_rate"'


def _over(rate: BurnRate) -> str:
    return f'window="{rate.long}"'


def _shades(rate: BurnRate) -> dict[str, str]:
    """Give the long window its class's colour, and the short one a lighter shade of it."""
    shades = {}
    for name, colour in colours.PRIORITIES.items():
        shades[f"{name} {rate.long}"] = colour
        shades[f"{name} {rate.short}"] = colour if colour.startswith("super") else f"light-{colour}"
    return shades


def _burning(window: str) -> str:
    return f"max by ({PRIORITY}) (\n  {of_class(_C.slo_ratio(window))}\n  / on ({_BY})\n  {of_class(_C.budget)}\n)"


BURN_RATES_ROW = Row(
    "Burn rates",
    tuple(
        Lines(
            title=f"Burn rate over {rate.short} and {rate.long}",
            description="The fastest of each class. When both windows are over the dashed line, the alert for them"
            " fires: the long window says that it matters, the short one that it still goes on.",
            unit="none",
            queries=(
                Query(_burning(rate.short), f"{{{{{PRIORITY}}}}} {rate.short}"),
                Query(_burning(rate.long), f"{{{{{PRIORITY}}}}} {rate.long}"),
                Query(
                    f"max by (severity) ({of_job(series.THRESHOLD, _BURN_RATE, _over(rate))})", "{{severity}} threshold"
                ),
            ),
            colours=_shades(rate),
            least=0,
            width=12,
            when_empty="no requests",
        )
        for rate in BURN_RATES
    ),
)
