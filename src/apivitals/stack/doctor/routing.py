"""Alertmanager's routing tree, followed for an alert without raising it.

https://prometheus.io/docs/alerting/latest/configuration/#route
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

_MATCHER = re.compile(r'\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^,"]*?)\s*(?:,|$)')
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


class Routing:
    """The routes of a configuration.

    Raises:
        ValueError: it is none, or has a matcher that is not understood.
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

    def receivers(self, labels: Mapping[str, str]) -> list[Receiver]:
        """Return who gets an alert with these labels."""
        found = _followed({"receiver": "", "group_wait": "30s", "group_interval": "5m"}, self._root, labels)
        return [
            Receiver(
                route["receiver"],
                self._integrations.get(route["receiver"], ()),
                route["group_wait"],
                route["group_interval"],
            )
            for route in found
        ]


def _followed(
    above: Mapping[str, str], route: Mapping[str, Any], labels: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Yield the routes at which the alert ends: the deepest that fit, and of one level the first, unless it goes on."""
    here = {key: str(route.get(key) or value) for key, value in above.items()}
    ended_below = False
    for child in route.get("routes") or ():
        if _fits(child, labels):
            ended_below = True
            yield from _followed(here, child, labels)
            if not child.get("continue"):
                break
    if not ended_below:
        yield here


def _fits(route: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    equal, like = route.get("match") or {}, route.get("match_re") or {}
    return (
        all(labels.get(name, "") == str(value) for name, value in equal.items())
        and all(re.fullmatch(str(value), labels.get(name, "")) for name, value in like.items())
        and all(_agrees(*one, labels) for text in route.get("matchers") or () for one in _matchers(text))
    )


def _agrees(name: str, operator: str, value: str, labels: Mapping[str, str]) -> bool:
    has = labels.get(name, "")
    same = re.fullmatch(value, has) is not None if "~" in operator else has == value
    return same != operator.startswith("!")


def _matchers(text: str) -> Iterator[tuple[str, str, str]]:
    rest = text.strip().removeprefix("{").removesuffix("}")
    end = 0
    while end < len(rest):
        found = _MATCHER.match(rest, end)
        if found is None or found.end() == end:
            raise ValueError(f"the matcher {text} is not understood")
        name, operator, value = found.groups()
        yield name, operator, re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        end = found.end()
