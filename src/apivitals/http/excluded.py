"""URLs that are not measured."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]


def excluded(patterns: Iterable[str]) -> Callable[[Scope], bool] | None:
    """Make what says whether a regular expression is found in a request's scheme, host, port and path."""
    joined = "|".join(f"(?:{pattern})" for pattern in patterns)
    if not joined:
        return None
    search = re.compile(joined).search

    def is_excluded(scope: Scope) -> bool:
        host, port = scope.get("server") or ("", None)
        return search(f"{scope.get('scheme', 'http')}://{host}{f':{port}' if port else ''}{scope['path']}") is not None

    return is_excluded
