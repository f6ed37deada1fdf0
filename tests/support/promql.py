"""What a query names, read from its text: series, the functions around them, and labels that it groups by.

Not a parser: whether a query is valid, Prometheus says.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""
    (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
  | (?P<window>\[[^\]]*\])
  | (?P<variable>\$\w+|\$\{[^}]+\}|\[\[\w+\]\])
  | (?P<number>(?:0x[0-9a-fA-F]+|\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)(?:ms|[smhdwy])?(?:\d+(?:ms|[smhdwy]))*)
  | (?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
  | (?P<operator>=~|!~|!=|==|<=|>=|[-+*/%^<>=(){},@:])
  | (?P<comment>\#[^\n]*)
  | (?P<space>\s+)
    """,
    re.VERBOSE,
)
_GROUPING = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_WORDS = _GROUPING | {"and", "or", "unless", "atan2", "bool", "offset", "inf", "nan", "start", "end"}
_LABELLING = {"label_replace": (1, 3), "label_join": (1, 3, 4, 5, 6)}
"""Which arguments of them are labels: the first is the one that they make."""


class NoQueryError(ValueError):
    """A text that cannot be a query."""


@dataclass(frozen=True)
class Matcher:
    """One condition of a selector."""

    label: str
    operator: str
    value: str


@dataclass(frozen=True)
class Selector:
    """The series that a query takes."""

    metric: str
    matchers: tuple[Matcher, ...] = ()
    window: str = ""
    """As ``5m``, without brackets; empty where it takes the newest value."""
    inside: tuple[str, ...] = ()
    """The functions around it, the innermost last."""


@dataclass
class Names:
    """All that a query names."""

    selectors: list[Selector] = field(default_factory=list)
    grouped: set[str] = field(default_factory=set)
    """Labels by which it aggregates, matches or joins."""
    made: set[str] = field(default_factory=set)
    """Labels that it makes itself."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def names(query: str) -> Names:
    """Read a query, with its variables or without.

    Raises:
        NoQueryError: it has characters that no query has, or does not end.
    """
    return _Reader(list(_tokens(query)), query).read()


def _tokens(query: str) -> Iterator[_Token]:
    at = 0
    while at < len(query):
        found = _TOKEN.match(query, at)
        if found is None:
            raise NoQueryError(f"{query[at:][:20]!r} is not of a query, in: {query}")
        at = found.end()
        if found.lastgroup not in {"space", "comment"}:
            yield _Token(str(found.lastgroup), found[0])


class _Reader:
    def __init__(self, tokens: list[_Token], query: str) -> None:
        self._tokens = tokens
        self._query = query
        self._at = 0
        self._inside: list[str] = []
        self._names = Names()

    def read(self) -> Names:
        while self._at < len(self._tokens):
            self._next()
        if self._inside:
            raise NoQueryError(f"a parenthesis does not end, in: {self._query}")
        return self._names

    def _next(self) -> None:
        token = self._take()
        if token.kind == "name":
            self._name(token.text)
        elif token.text == "(":
            self._inside.append("")
        elif token.text == ")":
            if not self._inside:
                raise NoQueryError(f"a parenthesis has no beginning, in: {self._query}")
            self._inside.pop()
        elif token.text == "{":
            self._at -= 1
            self._select("")

    def _name(self, name: str) -> None:
        if name in _GROUPING:
            if self._peek() == "(":
                self._names.grouped |= set(self._listed())
        elif name.lower() in _WORDS:
            return
        elif self._peek() == "(":
            if name in _LABELLING:
                self._labels(_LABELLING[name])
            self._take()
            self._inside.append(name)
        elif not (self._peek() in _GROUPING and self._after_grouping() == "("):
            self._select(name)
        else:
            # An aggregation that says its labels first: sum by (job) (…)
            self._name(self._take().text)
            if self._take().text != "(":
                raise NoQueryError(f"{name} aggregates nothing, in: {self._query}")
            self._inside.append(name)

    def _after_grouping(self) -> str:
        """Return what follows the parenthesis of labels that comes next."""
        at = self._at + 1
        while at < len(self._tokens) and self._tokens[at].text != ")":
            at += 1
        return self._tokens[at + 1].text if at + 1 < len(self._tokens) else ""

    def _select(self, metric: str) -> None:
        matchers = tuple(self._matchers()) if self._peek() == "{" else ()
        metric = metric or next((one.value for one in matchers if one.label == "__name__"), "")
        window = self._take().text[1:-1].partition(":")[0] if self._kind() == "window" else ""
        self._names.selectors.append(Selector(metric, matchers, window, tuple(filter(None, self._inside))))

    def _matchers(self) -> Iterator[Matcher]:
        self._take()
        while self._peek() != "}":
            label, operator, value = self._take(), self._take(), self._take()
            if value.kind not in {"string", "variable"}:
                raise NoQueryError(f"{label.text} is matched with {value.text!r}, no string, in: {self._query}")
            yield Matcher(label.text, operator.text, value.text.strip("\"'`"))
            if self._peek() == ",":
                self._take()
        self._take()

    def _listed(self) -> Iterator[str]:
        self._take()
        while self._peek() != ")":
            token = self._take()
            if token.kind == "name":
                yield token.text
        self._take()

    def _labels(self, wanted: tuple[int, ...]) -> None:
        """Look ahead over a function's arguments for the labels among them."""
        depth, position, at = 0, 0, self._at
        while at < len(self._tokens):
            token = self._tokens[at]
            depth += {"(": 1, ")": -1, "{": 1, "}": -1}.get(token.text, 0)
            if depth == 0:
                return
            position += token.text == "," and depth == 1
            if token.kind == "string" and depth == 1 and position in wanted:
                into = self._names.made if position == wanted[0] else self._names.grouped
                into |= {token.text.strip("\"'`")} - {""}
            at += 1

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _kind(self) -> str:
        return self._tokens[self._at].kind if self._at < len(self._tokens) else ""

    def _take(self) -> _Token:
        if self._at >= len(self._tokens):
            raise NoQueryError(f"it does not end: {self._query}")
        self._at += 1
        return self._tokens[self._at - 1]
