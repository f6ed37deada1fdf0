"""A service's metrics page, fetched as Prometheus would."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import httpx

from apivitals.catalog.internal import BUILD_INFO
from apivitals.settings import DEFAULT_PATH, read_token

_TIMEOUT_SECONDS = 10.0
TEXT = "text/plain"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


class PageError(Exception):
    """The page cannot be had: a line that says why. ``advice`` is what to do, where that can be known."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


@dataclass(frozen=True)
class Page:
    """What was answered."""

    url: str
    text: str = field(repr=False)
    content_type: str
    seconds: float
    """From the request to the last byte."""
    size_bytes: int
    """Before it was compressed."""


def page_url(url: str, path: str = DEFAULT_PATH) -> str:
    """Return where the page is; `url` is its address, or the service's, of which the page is at `path`.

    Raises:
        PageError: it is no URL.
    """
    parts = url_parts(url)
    return url if parts.path.strip("/") else f"{url.rstrip('/')}{path}"


def url_parts(url: str) -> SplitResult:
    """Take a URL apart.

    Raises:
        PageError: it is none, or its port is none.
    """
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and parts.hostname
    except ValueError:
        is_url = False
    if not is_url:
        raise PageError(f"{url}: give a URL, such as http://127.0.0.1:8000")
    try:
        is_port = parts.port != 0
    except ValueError:
        is_port = False
    if not is_port:
        raise PageError(f"{url}: its port is to be a number from 1 to 65535")
    return parts


def authorization(token: str | None) -> dict[str, str]:
    """Return the header that shows the token; none without one."""
    return {} if token is None else {"authorization": f"Bearer {token}"}


def token_in(file: Path | None, given_by: str = "--token-file") -> str | None:
    """Read the token that is in the file; None without a file. `given_by` is where the file was named.

    Raises:
        PageError: it cannot be read, or holds none.
    """
    if file is None:
        return None
    try:
        return read_token(file).decode("ascii")
    except (OSError, ValueError) as error:
        raise PageError(f"{given_by} {file} cannot be used: {error}") from None


def fetch(url: str, token: str | None = None, accept: str = TEXT) -> Page:
    """Fetch the page.

    Raises:
        PageError: nothing answers, or something else does.
    """
    headers: Mapping[str, str] = {"accept": accept, **authorization(token)}
    begin = time.monotonic()
    try:
        answer = httpx.get(url, headers=headers, timeout=_TIMEOUT_SECONDS, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PageError(
            f"{url} does not answer: {error}", "start the service, or give the address that it listens on"
        ) from None
    seconds = time.monotonic() - begin
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise PageError(f"{url} wants a token: --token-file FILE")
    if answer.status_code != httpx.codes.OK or BUILD_INFO.exposed not in answer.text:
        raise PageError(
            f"{url} (status {answer.status_code}) is not the metrics page of apivitals",
            "call apivitals.instrument(app), or give the page's own address, where metrics_path or metrics_port is set",
        )
    return Page(url, answer.text, answer.headers.get("content-type", ""), seconds, len(answer.content))
