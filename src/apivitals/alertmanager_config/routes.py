"""The tree of routes: by severity, for how soon and how often; below that every receiver that wants the alert."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from apivitals.alertmanager_config.muting import muting
from apivitals.catalog import PRIORITIES
from apivitals.objectives import Severity
from apivitals.objectives.mute_hours import MuteHours
from apivitals.objectives.receivers import Receiver, Receivers

NOWHERE = "nowhere"
DEAD_MANS_SWITCH = "dead-mans-switch"
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

_TIMES = {"group_wait": "30s", "group_interval": "5m", "repeat_interval": "12h"}
_SOONER = {"group_wait": "10s", "group_interval": "1m", "repeat_interval": "4h"}
# A repetition is sent at the first end of a group interval at which it is due, so it is due a little before that.
_EACH_MINUTE = {"group_wait": "0s", "group_interval": "1m", "repeat_interval": "50s"}


def route_tree(receivers: Receivers, mute_hours: Sequence[MuteHours]) -> dict[str, Any]:
    """Return the root route."""
    told = list(receivers.named())
    heartbeat = NOWHERE if receivers.dead_mans_switch is None else DEAD_MANS_SWITCH
    return {
        "receiver": NOWHERE,
        "group_by": ["alertname", "job", "priority"],
        **_TIMES,
        "routes": [
            {"matchers": ['severity="none"'], "receiver": heartbeat, **_EACH_MINUTE},
            *(_of_severity(severity, told, muting(mute_hours, severity)) for severity in SEVERITIES),
            # Of other rules in the same Prometheus: what nobody has graded is a warning, and never muted.
            {"matchers": [f'severity!~"{"|".join(["none", *SEVERITIES])}"'], **_below(told, "warning", [])},
        ],
    }


def _of_severity(severity: Severity, told: list[tuple[str, Receiver]], muted: list[str]) -> dict[str, Any]:
    return {
        "matchers": [f'severity="{severity}"'],
        **(_SOONER if severity == "critical" else {}),
        **_below(told, severity, muted),
    }


def _below(told: list[tuple[str, Receiver]], severity: Severity, muted: list[str]) -> dict[str, Any]:
    routes = list(_of_receivers(told, severity, muted))
    return {"routes": routes} if routes else {}


def _of_receivers(told: list[tuple[str, Receiver]], severity: Severity, muted: list[str]) -> Iterator[dict[str, Any]]:
    for name, receiver in told:
        if severity not in receiver.severities:
            continue
        route: dict[str, Any] = {"receiver": name}
        if set(receiver.priorities) != set(PRIORITIES):
            route["matchers"] = [f'priority=~"|{"|".join(receiver.priorities)}"']
        if muted:
            route["mute_time_intervals"] = muted  # which routes below do not inherit
        yield {**route, "continue": True}
