"""Alertmanager's routing tree, followed for an alert without raising it.

https://prometheus.io/docs/alerting/latest/configuration/#route
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from apivitals.stack.doctor.muting import is_now

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_NAME = r"[^\s{}!=~,\\\"'`]+"  # since 0.27; before it, letters, digits and underscores
_MATCHER = re.compile(rf'\s*({_NAME}|{_QUOTED})\s*(=~|!~|!=|=)\s*({_QUOTED}|[^,"]*?)\s*(?:,|$)')
_ESCAPED = re.compile(r'\\(["\\n])')  # before others a backslash is one
_KINDS = "_configs"


@dataclass(frozen=True)
class Receiver:
    """Where an alert goes."""

    name: str
    integrations: tuple[str, ...]
    """How somebody is told, as ``webhook``; none tells nobody."""
    group_wait: str
    """After how long, for the first of a group."""
    group_interval: str
    """After how long at most, for one that joins a group of which somebody was told."""
    muted_by: str = ""
    """What keeps notifications back at that time, as ``interval night``; empty if nothing does."""


class Routing:
    """The routes of a configuration.

    Raises:
        ValueError: it is none.
    """

    def __init__(self, text: str) -> None:
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(f"no YAML: {error}") from None
        if not isinstance(content, Mapping) or not isinstance(content.get("route"), Mapping):
            raise ValueError("it has no route")  # noqa: TRY004  # one kind of error for all
        self._root: Mapping[str, Any] = content["route"]
        self._integrations = {
            str(one["name"]): tuple(key.removesuffix(_KINDS) for key in one if key.endswith(_KINDS) and one[key])
            for one in content.get("receivers") or ()
        }
        intervals = [*(content.get("time_intervals") or ()), *(content.get("mute_time_intervals") or ())]
        self._intervals = {str(one["name"]): one.get("time_intervals") or () for one in intervals}

    def receivers(self, labels: Mapping[str, str], now: datetime | None = None) -> list[Receiver]:
        """Return who gets an alert with these labels, and with `now` what mutes it then.

        Raises:
            ValueError: a matcher on the way is not understood: it may have a regular expression of Go's alone. Or a
                time interval is not.
        """
        found = _followed({"receiver": "", "group_wait": "30s", "group_interval": "5m"}, self._root, labels)
        return [
            Receiver(
                here["receiver"],
                self._integrations.get(here["receiver"], ()),
                here["group_wait"],
                here["group_interval"],
                "" if now is None else self._muted_by(route, now),
            )
            for here, route in found
        ]

    def _muted_by(self, route: Mapping[str, Any], now: datetime) -> str:
        """Say what mutes it; a route does not inherit these keys."""
        for name in route.get("mute_time_intervals") or ():
            if is_now(self._intervals[name], now):
                return f"interval {name}"
        active = route.get("active_time_intervals") or ()
        if active and not any(is_now(self._intervals[name], now) for name in active):
            return f"active only in {', '.join(active)}"
        return ""


def _followed(
    above: Mapping[str, str], route: Mapping[str, Any], labels: Mapping[str, str]
) -> Iterator[tuple[dict[str, str], Mapping[str, Any]]]:
    """Yield the routes at which the alert ends, and what they inherit.

    They are the deepest that fit, and of one level the first, unless it goes on.
    """
    here = {key: str(route.get(key) or value) for key, value in above.items()}
    ended_below = False
    for child in route.get("routes") or ():
        if _fits(child, labels):
            ended_below = True
            yield from _followed(here, child, labels)
            if not child.get("continue"):
                break
    if not ended_below:
        yield here, route


def _fits(route: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    equal, like = route.get("match") or {}, route.get("match_re") or {}
    return (
        all(labels.get(name, "") == str(value) for name, value in equal.items())
        and all(_is_like(str(value), labels.get(name, "")) for name, value in like.items())
        and all(_agrees(*one, labels) for text in route.get("matchers") or () for one in _matchers(text))
    )


def _agrees(name: str, operator: str, value: str, labels: Mapping[str, str]) -> bool:
    has = labels.get(name, "")
    same = _is_like(value, has) if "~" in operator else has == value
    return same != operator.startswith("!")


def _is_like(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error as error:
        raise ValueError(f"the regular expression {pattern} is not understood ({error})") from None


def _matchers(text: str) -> Iterator[tuple[str, str, str]]:
    rest = text.strip().removeprefix("{").removesuffix("}")
    end = 0
    while end < len(rest):
        found = _MATCHER.match(rest, end)
        if found is None or found.end() == end:
            raise ValueError(f"the matcher {text} is not understood")
        name, operator, value = found.groups()
        yield _unquoted(name), operator, _unquoted(value)
        end = found.end()


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    return _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], text[1:-1])
