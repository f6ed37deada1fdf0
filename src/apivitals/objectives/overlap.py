"""Whether one route pattern hides another: both are asked in the order of the file, and the first that fits decides.

A glob is a finite automaton, whose state is how many of its tokens have been read. One glob hides another when no
string takes the other to its end and the first one not.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from fnmatch import fnmatchcase

from apivitals.route_pattern import split

_ANY_NUMBER = "*"
_NO_CHARACTER_OF_A_PATTERN = "\uffff"

States = frozenset[int]


def hides(earlier: str, later: str) -> bool:
    """Whether every request that fits the later pattern fits the earlier one too."""
    earlier_method, earlier_glob = split(earlier)
    later_method, later_glob = split(later)
    if earlier_method not in {"", later_method}:
        return False
    hiding, hidden = list(_tokens(earlier_glob)), list(_tokens(later_glob))
    return not any(
        len(hidden) in in_later and len(hiding) not in in_earlier for in_later, in_earlier in _reachable(hidden, hiding)
    )


def overlap(one: str, other: str) -> bool:
    """Whether some request fits both."""
    (one_method, one_glob), (other_method, other_glob) = split(one), split(other)
    if one_method and other_method and one_method != other_method:
        return False
    first, second = list(_tokens(one_glob)), list(_tokens(other_glob))
    return any(len(first) in a and len(second) in b for a, b in _reachable(first, second))


def _tokens(glob: str) -> Iterator[str]:
    """Divide a glob as `fnmatch` does: each token is ``*``, or stands for one character."""
    at = 0
    while at < len(glob):
        end = at + 1
        if glob[at] == "[":
            # A "]" that is the first in the brackets is one of their characters
            closing = glob.find("]", at + (3 if glob[at + 1 : at + 2] == "!" else 2))
            end = closing + 1 or end
        yield glob[at:end]
        at = end


def _reachable(one: list[str], other: list[str]) -> Iterator[tuple[States, States]]:
    """Yield every pair of sets of states that the same string can take the two globs to."""
    alphabet = {*"".join(one), *"".join(other), _NO_CHARACTER_OF_A_PATTERN}
    if any(len(token) > 1 for token in (*one, *other)):  # a range names only its ends
        alphabet |= set(string.printable)
    start = _after_stars(one, {0}), _after_stars(other, {0})
    seen, waiting = {start}, [start]
    while waiting:
        pair = waiting.pop()
        yield pair
        for character in alphabet:
            reached = _step(one, pair[0], character), _step(other, pair[1], character)
            if reached[0] and reached not in seen:
                seen.add(reached)
                waiting.append(reached)


def _step(tokens: list[str], states: States, character: str) -> States:
    reached = set()
    for state in states:
        if state < len(tokens) and tokens[state] == _ANY_NUMBER:
            reached.add(state)
        elif state < len(tokens) and fnmatchcase(character, tokens[state]):
            reached.add(state + 1)
    return _after_stars(tokens, reached)


def _after_stars(tokens: list[str], states: set[int]) -> States:
    reached = set()
    for state in states:
        end = state
        reached.add(end)
        while end < len(tokens) and tokens[end] == _ANY_NUMBER:
            end += 1
            reached.add(end)
    return frozenset(reached)
