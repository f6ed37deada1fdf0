"""A path of the application that is answered in its place: not a route, not measured, behind nobody's middleware."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any


class OwnPath:
    """Says which requests are for it. `root_path` gives the application's own, where the server knows none."""

    def __init__(self, path: str, root_path: Callable[[], str]) -> None:
        self.path = path
        self._root_path = root_path

    def serves(self, scope: MutableMapping[str, Any]) -> bool:
        """Whether the request is at the path, below the root path if there is one."""
        path = scope["path"]
        if path == self.path:
            return True
        root = (scope.get("root_path") or self._root_path()).rstrip("/")
        return bool(path == root + self.path)
