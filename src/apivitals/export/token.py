"""The bearer token that a scraper, or Alertmanager, must show (RFC 6750), from a setting or a file."""

from __future__ import annotations

import hmac
from pathlib import Path

from pydantic import SecretStr

from apivitals.errors import ErrorLog
from apivitals.settings import read_token

_SCHEME = b"bearer "


class BearerToken:
    """Checks an ``Authorization`` header. A token file is read again each time, so that it can be rotated."""

    def __init__(self, token: bytes, path: Path | None, errors: ErrorLog) -> None:
        self._token = token
        self._path = path
        self._errors = errors

    @classmethod
    def given(cls, token: SecretStr | None, path: Path | None, errors: ErrorLog) -> BearerToken | None:
        """Make one of what was given; None of nothing.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is empty.
        """
        if path is not None:
            return cls(read_token(path), path, errors)
        return None if token is None else cls(token.get_secret_value().strip().encode(), None, errors)

    def permits(self, authorization: bytes) -> bool:
        """Whether the header shows the token; takes the same time whatever the difference."""
        if self._path is not None:
            try:
                self._token = read_token(self._path)
            except (OSError, ValueError) as error:  # the last good one stays
                self._errors.caught("token_file", error)
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            return False
        return hmac.compare_digest(authorization[len(_SCHEME) :].strip(), self._token)
