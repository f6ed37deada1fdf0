"""What the server span that is made here does not learn of a request: who sent it, and what they wrote into it.

OpenTelemetry's middleware puts the path, the query string, the client's address, ``Host`` and ``User-Agent`` on its
span. Of our own spans nobody has asked for that: the route's template says what was called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]

_REQUEST = "apivitals.request"
_PATH = "/REDACTED"
"""In OpenTelemetry's own word for what is left out; the conventions want a path to be there."""
_HEADERS = (b"host", b"user-agent")
_CAPTURED = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST"


class Withholding:
    """Gives OpenTelemetry's middleware a scope without these.

    Args:
        captured: the headers that its user wants on spans, each a regular expression for the whole of a name. Of these
            nothing is withheld.

    Raises:
        ValueError: one that is no regular expression, with the variable that it comes from.
    """

    def __init__(self, captured: Iterable[str]) -> None:
        pattern = "|".join(captured) or r"(?!)"
        try:
            wanted = re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            raise ValueError(f"{_CAPTURED}: {pattern} is not a regular expression: {error}") from error
        self._headers = frozenset(name for name in _HEADERS if not wanted.fullmatch(name.decode()))

    def hide(self, scope: Scope) -> Scope:
        """Return the scope that the middleware is to see; ``shown`` gives back the one that it was made of."""
        return {
            **scope,
            "path": _PATH,
            "query_string": b"",
            "client": None,
            "headers": [header for header in scope.get("headers", ()) if header[0].lower() not in self._headers],
            _REQUEST: scope,
        }


def shown(scope: Scope) -> Scope:
    """Return the request's own scope, which the application is to see."""
    own: Scope = scope[_REQUEST]
    return own
