"""Variables filled in as Grafana and its Prometheus data source do: ``$job``, ``${job:regex}``, ``[[job]]``.

In a query, several values become ``(a|b)``, each escaped for a regular expression inside a string; a custom value for
All is put in as it is. https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from tools.pictures.steps import Times

ALL = "$__all"
# A number is none: ``$1`` is a group of label_replace()'s expression.
_REFERENCE = re.compile(r"\$([a-zA-Z_]\w*)|\$\{(\w+)(?:\.[^:}]+)?(?::([^}]+))?\}|\[\[(\w+)(?::(\w+))?\]\]")
"""Not ``$1``, which is a group of `label_replace`."""
_SPECIAL = re.compile(r"[$^*{}\[\]'+?.()|]")
_OF_A_REGEX = re.compile(r"[\\^$*+?.()|\[\]{}/]")


@dataclass(frozen=True)
class Choice:
    """What is chosen of a variable."""

    values: tuple[str, ...]
    is_regex: bool = False
    """Whether several may be chosen, or All: then values are escaped for ``=~``."""
    all_value: str | None = None
    """What stands for all, where all are chosen."""

    @property
    def text(self) -> str:
        """As a title has it."""
        return "All" if self.all_value is not None else " + ".join(self.values)


@dataclass(frozen=True)
class Filled:
    """Fills in what is chosen."""

    choices: Mapping[str, Choice]
    times: Times | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    """More names and their text, as ``__data.fields.x`` has in a link."""

    def query(self, text: str, interval: str = "") -> str:
        """Fill in a query; `interval` is its shortest step.

        Raises:
            UnknownVariableError: it has a variable that is not chosen.
        """
        own = {} if self.times is None else self.times.of_query(interval)

        def value(choice: Choice, form: str) -> str:
            if choice.all_value is not None:
                return choice.all_value
            return _FORMS[form](choice.values) if form else _in_query(choice)

        return self._replaced(text, own, value)

    def text(self, text: str) -> str:
        """Fill in a title or a description.

        Raises:
            UnknownVariableError: it has a variable that is not chosen.
        """
        return self._replaced(text, {}, lambda choice, form: choice.text if not form else _FORMS[form](choice.values))

    def link(self, text: str) -> str:
        """Fill in an address. With ``:queryparam``, the name goes before each value.

        Raises:
            UnknownVariableError: it has a variable that is not chosen.
        """
        own = {} if self.times is None else self.times.of_link()
        own["__all_variables"] = urlencode(
            [(f"var-{name}", value) for name, choice in self.choices.items() for value in _in_link(choice)]
        )
        for found in _REFERENCE.finditer(text):
            name, form = found[1] or found[2] or found[4], found[3] or found[5]
            if form == "queryparam" and name in self.choices:
                pairs = [(f"var-{name}", value) for value in _in_link(self.choices[name])]
                text = text.replace(found[0], urlencode(pairs))
        return self._replaced(text, own, lambda choice, _: quote(",".join(_in_link(choice)), safe=""))

    def _replaced(self, text: str, own: Mapping[str, str], value: Callable[[Choice, str], str]) -> str:
        def replacement(found: re.Match[str]) -> str:
            name, form = found[1] or found[2] or found[4], found[3] or found[5] or ""
            if found[0][2:-1] in self.extra:
                return self.extra[found[0][2:-1]]
            if name in own:
                return own[name]
            if name not in self.choices:
                raise UnknownVariableError(name, text)
            return value(self.choices[name], form)

        return _REFERENCE.sub(replacement, text)


class UnknownVariableError(LookupError):
    """A text uses a variable that there is not."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"${name} is no variable, in: {text}")
        self.name = name


def references(text: str) -> set[str]:
    """Return the names of the variables that a text uses, Grafana's own (``__interval``) too."""
    return {found[1] or found[2] or found[4] for found in _REFERENCE.finditer(text)}


def _in_query(choice: Choice) -> str:
    if not choice.is_regex:
        return ",".join(choice.values).replace("\\", "\\\\").replace("'", "\\\\'")
    escaped = [_SPECIAL.sub(r"\\\\\g<0>", value.replace("\\", "\\\\\\\\")) for value in choice.values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def _in_link(choice: Choice) -> Sequence[str]:
    return [ALL] if choice.all_value is not None else choice.values


def _regex(values: Sequence[str]) -> str:
    escaped = [_OF_A_REGEX.sub(r"\\\g<0>", value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


_FORMS: Mapping[str, Callable[[Sequence[str]], str]] = {
    "regex": _regex,
    "pipe": "|".join,
    "csv": ",".join,
    "raw": ",".join,
    "text": " + ".join,
    "doublequote": lambda values: ",".join(f'"{value}"' for value in values),
    "percentencode": lambda values: quote(",".join(values), safe=""),
}
