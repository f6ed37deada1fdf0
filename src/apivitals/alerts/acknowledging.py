"""Acknowledging an alert, which is to silence it alone, and taking that back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apivitals.alerts.client import Alertmanager
from apivitals.alerts.finding import NotFoundError, alerts_of, one_alert
from apivitals.alerts.standing import Silence, Standing, stable_matchers

_FEWEST_CHARACTERS = 8
"""Of a silence's ID."""


@dataclass(frozen=True)
class Acknowledged:
    """The silence that was made, and the alerts that it is for."""

    id: str
    until: datetime
    fingerprints: tuple[str, ...]


def meant(target: str, alerts: Sequence[Standing], *, all_instances: bool) -> Standing:
    """Return the alert to acknowledge; of `all_instances`, any of those that differ by nothing else.

    Raises:
        NotFoundError: there is none, or several.
    """
    found = alerts_of(target, alerts)
    if all_instances and len({stable_matchers(one.alert.labels, all_instances=True) for one in found}) == 1:
        return found[0]
    return one_alert(target, alerts)


def acknowledge(  # noqa: PLR0913  # what an acknowledgement consists of
    alertmanager: Alertmanager,
    standing: Standing,
    *,
    author: str,
    comment: str,
    duration: timedelta,
    all_instances: bool,
) -> Acknowledged:
    """Silence an alert from now on. One that has been acknowledged with the same labels is not silenced twice.

    Raises:
        AlertmanagerError: it cannot be asked, or refuses.
    """
    matchers = stable_matchers(standing.alert.labels, all_instances=all_instances)
    until = alertmanager.now + duration
    same = [one for one in standing.acknowledgements if set(one.matchers) == set(matchers)]
    renews = same[0] if same else None
    made = alertmanager.silence(
        renews.matchers if renews else matchers, author=author, comment=comment, until=until, renews=renews
    )
    fits = {(matcher.name, matcher.value) for matcher in matchers}
    return Acknowledged(
        made,
        until,
        tuple(one.alert.fingerprint for one in alertmanager.alerts() if fits <= set(one.alert.labels.items())),
    )


def take_back(alertmanager: Alertmanager, target: str) -> list[Silence]:
    """End the acknowledgements of an alert, or of all of a name; or one silence, by its ID. Return what was ended.

    Raises:
        AlertmanagerError: it cannot be asked.
        NotFoundError: there is nothing to take back; the message says what silences the alert instead.
    """
    silences = alertmanager.silences()
    found = [one for one in silences if len(target) >= _FEWEST_CHARACTERS and one.id.startswith(target.lower())]
    alerts = alerts_of(target, alertmanager.alerts())
    if not found:
        found = list({silence.id: silence for one in alerts for silence in one.acknowledgements}.values())
    if not found:  # of an alert that is over meanwhile
        found = [one for one in silences if one.is_acknowledgement and _name(one) == target]
    if not found:
        raise NotFoundError(_why_not(target, alerts))
    for one in found:
        alertmanager.expire(one.id)
    return found


def _name(silence: Silence) -> str | None:
    return next((matcher.value for matcher in silence.matchers if matcher.name == "alertname"), None)


def _why_not(target: str, alerts: list[Standing]) -> str:
    others = list({silence.id: silence for one in alerts for silence in one.silences}.values())
    if not others:
        return f"{target} is not acknowledged"
    by = ", ".join(f"{one.id} ({one.author}: {one.comment})" for one in others)
    return f"{target} is not acknowledged, but silenced with others by {by}: give that ID to end it for all of them"
