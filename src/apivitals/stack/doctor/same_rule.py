"""Whether a rule that is loaded is the one that was generated, however Prometheus writes its expression.

Prometheus gives an expression back in its own words: other spaces, a unit of its own for a duration, the words of a
grouping in another place. The numbers and the strings in it are the same.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from apivitals.slo.rule import Alert, Recording
from apivitals.stack.doctor.prometheus_api import LoadedRule, seconds

_TOKEN = re.compile(
    r"""
    (?P<string> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | `[^`]*` )
    | (?P<comment> \#[^\n]* )
    | (?P<word> [a-zA-Z_:][\w:]* )
    | (?P<duration> (?:\d+(?:ms|[smhdwy]))+ )
    | (?P<number> (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? )
    """,
    re.VERBOSE,
)


class Kind(NamedTuple):
    """What of a rule no way of writing changes, but for the strings in it."""

    name: str
    held_seconds: float
    numbers: tuple[float, ...]


Strings = Counter[str]


def differing(wanted: Iterable[Recording | Alert], loaded: Iterable[LoadedRule]) -> list[str]:
    """Return the names of the rules that are loaded, but not as they are wanted; each once, in order.

    What else is loaded, as the rules of other services under the same names, does not matter. A loaded rule may have
    further strings: some operators write the namespace into each selector.
    """
    there: dict[Kind, list[Strings]] = {}
    for rule in loaded:
        kind, strings = _of_loaded(rule)
        there.setdefault(kind, []).append(strings)
    names = {kind.name for kind in there}
    missing = []
    for one in wanted:
        kind, strings = _of_wanted(one)
        candidates = there.get(kind, [])
        fitting = [found for found in candidates if found >= strings]
        if fitting:
            candidates.remove(min(fitting, key=Counter.total))
        elif kind.name in names:
            missing.append(kind.name)
    return list(dict.fromkeys(missing))


def _of_wanted(rule: Recording | Alert) -> tuple[Kind, Strings]:
    if isinstance(rule, Recording):
        return _substance(rule.record, 0.0, rule.expr)
    return _substance(rule.name, seconds(rule.held) or 0.0, rule.expr)


def _of_loaded(rule: LoadedRule) -> tuple[Kind, Strings]:
    return _substance(rule.name, rule.held_seconds, rule.expr)


def _substance(name: str, held_seconds: float, expr: str) -> tuple[Kind, Strings]:
    numbers: list[float] = []
    strings: Strings = Counter()
    for token in _TOKEN.finditer(expr):
        if token["string"]:
            strings[_read(token["string"])] += 1
        elif token["duration"]:
            numbers.append(seconds(token["duration"]) or 0.0)
        elif token["number"]:
            numbers.append(float(token["number"]))
    return Kind(name, held_seconds, tuple(sorted(numbers))), strings


def _read(quoted: str) -> str:
    """Return the string. Python's escapes are Go's, but for a few that no rule of ours has."""
    if quoted.startswith("`"):
        return quoted[1:-1]
    try:
        return str(ast.literal_eval(quoted))
    except (SyntaxError, ValueError):
        return quoted
