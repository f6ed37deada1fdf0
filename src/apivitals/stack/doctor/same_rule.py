"""Whether a rule that is loaded is the one that was generated, however Prometheus writes its expression.

Prometheus gives an expression back in its own words: other spaces, a unit of its own for a duration, the words of a
grouping in another place. The numbers and the strings in it are the same.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Substance:
    """What of a rule no way of writing changes."""

    name: str
    held_seconds: float
    numbers: tuple[float, ...]
    strings: tuple[str, ...]


def differing(wanted: Iterable[Recording | Alert], loaded: Iterable[LoadedRule]) -> list[str]:
    """Return the names of the rules that are loaded, but not as they are wanted; each once, in order.

    What else is loaded, as the rules of other services under the same names, does not matter.
    """
    there = Counter(_of_loaded(rule) for rule in loaded)
    names = {substance.name for substance in there}
    missing = Counter(map(_of_wanted, wanted)) - there
    return list(dict.fromkeys(one.name for one in missing if one.name in names))


def _of_wanted(rule: Recording | Alert) -> Substance:
    if isinstance(rule, Recording):
        return _substance(rule.record, 0.0, rule.expr)
    return _substance(rule.name, seconds(rule.held) or 0.0, rule.expr)


def _of_loaded(rule: LoadedRule) -> Substance:
    return _substance(rule.name, rule.held_seconds, rule.expr)


def _substance(name: str, held_seconds: float, expr: str) -> Substance:
    numbers: list[float] = []
    strings: list[str] = []
    for token in _TOKEN.finditer(expr):
        if token["string"]:
            strings.append(_read(token["string"]))
        elif token["duration"]:
            numbers.append(seconds(token["duration"]) or 0.0)
        elif token["number"]:
            numbers.append(float(token["number"]))
    return Substance(name, held_seconds, tuple(sorted(numbers)), tuple(sorted(strings)))


def _read(quoted: str) -> str:
    """Return the string. Python's escapes are Go's, but for a few that no rule of ours has."""
    if quoted.startswith("`"):
        return quoted[1:-1]
    try:
        return str(ast.literal_eval(quoted))
    except (SyntaxError, ValueError):
        return quoted
