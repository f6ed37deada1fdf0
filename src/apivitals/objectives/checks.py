"""What is wrong with objectives that are valid as such: what can never happen, and what is never asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from apivitals.catalog import PRIORITIES
from apivitals.objectives.burn_rate import BURN_RATES, SCRAPES_IN_A_WINDOW
from apivitals.objectives.finding import Finding, error, warning
from apivitals.objectives.location import Location
from apivitals.objectives.objectives import Objectives
from apivitals.objectives.overlap import hides, overlap
from apivitals.objectives.service_class import ServiceClass

Asked = tuple[Location, str, object]
"""A pattern: its place, itself, and what it says of the routes that fit."""


def check(objectives: Objectives) -> Iterator[Finding]:
    """Yield what can be found without asking the service."""
    yield from _burn_rates(objectives)
    yield from _windows(objectives)
    yield from _patterns(asked(objectives))


def asked(objectives: Objectives) -> list[Asked]:
    """Return all patterns in the order in which a request's route is compared with them."""
    return [
        *((("excluded_routes", n), pattern, None) for n, pattern in enumerate(objectives.excluded_routes)),
        *((("priorities", pattern), pattern, priority) for pattern, priority in objectives.priorities.items()),
        *((("routes", pattern), pattern, route) for pattern, route in objectives.routes.items()),
    ]


def _burn_rates(objectives: Objectives) -> Iterator[Finding]:
    if not objectives.features.slo:
        return
    for priority in PRIORITIES:
        yield from _of_class(("classes", priority), objectives.classes.of(priority), objectives.slo_window_days)
    for pattern, route in objectives.routes.items():
        if route.objectives:
            yield from _of_class(("routes", pattern), route, objectives.slo_window_days)


def _of_class(place: Location, values: ServiceClass, window_days: int) -> Iterator[Finding]:
    if values.availability_percent is not None and values.error_budget is not None:
        yield from _of_budget((*place, "availability_percent"), values.error_budget, window_days)
    for number, objective in enumerate(values.latency):
        yield from _of_budget((*place, "latency", number, "percent"), objective.error_budget, window_days)


def _of_budget(place: Location, budget: Decimal, window_days: int) -> Iterator[Finding]:
    dead = [rate for rate in BURN_RATES if not rate.can_fire(budget, window_days)]
    if not dead:
        return
    highest = max(rate.factor_for(window_days) for rate in dead)
    windows = " and ".join(f"{rate.short}/{rate.long}" for rate in dead)
    enough = 100 - 100 / highest
    yield warning(
        place,
        f"with a budget of {_short(100 * budget)} % of the requests, the burn-rate alert over {windows} can never fire"
        f" at its factor ({_short(highest)} x {_short(100 * budget)} % is not under 100 %), and is generated with a"
        f" lower one; an objective over {enough:.2f} % keeps it",
    )


def _windows(objectives: Objectives) -> Iterator[Finding]:
    seconds = objectives.scrape_interval_seconds
    shortest = min(rate.short_seconds for rate in BURN_RATES)
    if SCRAPES_IN_A_WINDOW * seconds > shortest:
        name = next(rate.short for rate in BURN_RATES if rate.short_seconds == shortest)
        yield error(
            ("scrape_interval_seconds",),
            f"a short window of {name} holds less than {SCRAPES_IN_A_WINDOW} scrapes, which a rate needs; scrape every"
            f" {shortest / SCRAPES_IN_A_WINDOW:g} s or more often",
        )


def _patterns(patterns: Sequence[Asked]) -> Iterator[Finding]:
    for number, (place, later, meaning) in enumerate(patterns):
        before = patterns[:number]
        hiding = next((each for each in before if hides(each[1], later)), None)
        if hiding is not None:
            yield error(place, f"is never used: {hiding[1]!r} ({hiding[0][0]}) comes first and fits all of its routes")
            continue
        for _, earlier, earlier_meaning in before:
            crosses = earlier_meaning != meaning and overlap(earlier, later) and not hides(later, earlier)
            if crosses and earlier_meaning is not None:
                yield warning(place, f"overlaps with {earlier!r}, which comes first and decides for what fits both")


def _short(value: Decimal) -> str:
    return f"{value.normalize():f}"
