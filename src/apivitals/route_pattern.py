"""Patterns of routes: globs over templates, which may begin with a method: ``/payments/*`` or ``POST /payments/*``."""

from __future__ import annotations

from fnmatch import fnmatchcase


def checked(value: str) -> str:
    """Return the pattern as it is.

    Raises:
        ValueError: it is none.
    """
    method, glob = split(value)
    if not glob.startswith(("/", "*")) or (" " in value and not method.isupper()):
        raise ValueError(f"{value!r} is no route pattern: /payments/* or POST /payments/*")
    return value


def split(pattern: str) -> tuple[str, str]:
    """Divide a pattern into its method, empty for any, and its glob."""
    method, space, glob = pattern.partition(" ")
    return (method, glob.strip()) if space else ("", pattern)


def fits(pattern: str, method: str, route: str) -> bool:
    """Whether `pattern` fits a request's method and route."""
    wanted, glob = split(pattern)
    return wanted in {"", method} and fnmatchcase(route, glob)
