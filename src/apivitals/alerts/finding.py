"""Which alert somebody means who gives an ID, its beginning, or a name."""

from __future__ import annotations

from collections.abc import Sequence

from apivitals.alerts.standing import Standing

ID_CHARACTERS = 8
"""As many of an ID's characters as are shown; seldom are more needed."""
_FEWEST_CHARACTERS = 3
_MOST_SHOWN = 5


class NotFoundError(Exception):
    """No alert is meant, or several may be. The message is a line that says so."""


def one_alert(target: str, alerts: Sequence[Standing]) -> Standing:
    """Return the alert that is meant.

    Raises:
        NotFoundError: there is none, or several.
    """
    found = alerts_of(target, alerts)
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFoundError(f"no alert {target} fires: see apivitals alerts list")
    width = _needed(found)
    several = [f"{one.alert.fingerprint[:width]} ({_about(one)})" for one in found[:_MOST_SHOWN]]
    more = ", …" if len(found) > _MOST_SHOWN else ""
    raise NotFoundError(f"{len(found)} alerts are {target}: {', '.join(several)}{more}; give one's ID")


def alerts_of(target: str, alerts: Sequence[Standing]) -> list[Standing]:
    """Return the alerts that may be meant."""
    named = [one for one in alerts if one.alert.name == target]
    if named or len(target) < _FEWEST_CHARACTERS:
        return named
    return [one for one in alerts if one.alert.fingerprint.startswith(target.lower())]


def _needed(found: Sequence[Standing]) -> int:
    """Return how many characters of their IDs tell the alerts apart."""
    ids = {one.alert.fingerprint for one in found}
    longest = max(map(len, ids))
    return next((n for n in range(ID_CHARACTERS, longest) if len({one[:n] for one in ids}) == len(ids)), longest)


def _about(one: Standing) -> str:
    labels = {name: value for name, value in one.alert.labels.items() if name not in {"alertname", "tier"}}
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))
