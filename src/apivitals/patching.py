"""The one place that changes other people's classes and modules, and changes them back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

_lock = threading.RLock()
_MISSING = object()

Owner = type | ModuleType


class _Replaced:
    def __init__(self, own: Any, replacement: Any) -> None:
        self.own = own  # as it stands in the owner's own dictionary, or _MISSING if inherited
        self.replacement = replacement
        self.holders = 0


_replaced: dict[tuple[Owner, str], _Replaced] = {}


def acquire(owner: Owner, name: str, wrap: Callable[[Any], Any]) -> None:
    """Replace `owner.name` by `wrap` of it, or, if that is done already, count one more who wants it so.

    Raises:
        TypeError: the class cannot be changed.
    """
    with _lock:
        entry = _replaced.get((owner, name))
        if entry is None:
            entry = _Replaced(vars(owner).get(name, _MISSING), wrap(getattr(owner, name)))
            setattr(owner, name, entry.replacement)
            _replaced[owner, name] = entry
        entry.holders += 1


def is_replaced(owner: Owner, name: str) -> bool:
    """Whether anybody wants it replaced now."""
    return (owner, name) in _replaced


def release(owner: Owner, name: str) -> None:
    """Count one fewer; after the last, put the original back.

    If somebody else has wrapped ours in the meantime, it stays beneath theirs: what they hold cannot be taken out,
    and without an instrumented application it only passes on.
    """
    with _lock:
        entry = _replaced[owner, name]
        entry.holders -= 1
        if entry.holders or vars(owner).get(name) is not entry.replacement:
            return
        if entry.own is _MISSING:
            delattr(owner, name)
        else:
            setattr(owner, name, entry.own)
        del _replaced[owner, name]
