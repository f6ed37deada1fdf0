"""A running service, asked for its metrics page by a command."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import urlsplit

import typer

from apivitals.catalog.internal import BUILD_INFO
from apivitals.settings import DEFAULT_PATH, read_token

_TIMEOUT_SECONDS = 10.0
_CANNOT_BE_HAD = 2

Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="The running service, or its metrics page: http://127.0.0.1:8000"),
]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", metavar="FILE", help="File with the bearer token of the metrics page.")
]


def metrics_page(url: str, token_file: Path | None) -> str:
    """Return the text of the service's metrics page, or end with a line that says why it cannot be had."""
    import httpx  # noqa: PLC0415  # only where a service is asked

    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        end(f"--url {url}: give a URL, such as http://127.0.0.1:8000", _CANNOT_BE_HAD)
    page = url if parts.path.strip("/") else f"{url.rstrip('/')}{DEFAULT_PATH}"
    headers = {"accept": "text/plain", **_authorization(token_file)}
    try:
        answer = httpx.get(page, headers=headers, timeout=_TIMEOUT_SECONDS, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        end(f"{page} does not answer: {error}", _CANNOT_BE_HAD)
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        end(f"{page} wants a token: --token-file FILE", _CANNOT_BE_HAD)
    if answer.status_code != httpx.codes.OK or BUILD_INFO.exposed not in answer.text:
        end(f"{page} (status {answer.status_code}) is not the metrics page of apivitals", _CANNOT_BE_HAD)
    return answer.text


def _authorization(token_file: Path | None) -> dict[str, str]:
    if token_file is None:
        return {}
    try:
        return {"authorization": f"Bearer {read_token(token_file).decode('ascii')}"}
    except (OSError, ValueError) as error:
        end(f"--token-file {token_file} cannot be used: {error}", _CANNOT_BE_HAD)


def end(message: str, exit_code: int) -> NoReturn:
    """Print one line for the user, and end with that exit code."""
    print(f"apivitals: {message}", file=sys.stderr)  # noqa: T201  # what a user of the command line reads
    raise typer.Exit(exit_code)
