"""A running service, asked for its metrics page by a command."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

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
    from apivitals.stack.page import PageError, fetch, page_url, token_in  # noqa: PLC0415  # only where one is asked

    try:
        page = page_url(url)
    except PageError as error:
        end(f"--url {error}", _CANNOT_BE_HAD)
    try:
        return fetch(page, token_in(token_file)).text
    except PageError as error:
        end(str(error), _CANNOT_BE_HAD)


def end(message: str, exit_code: int) -> NoReturn:
    """Print one line for the user, and end with that exit code."""
    print(f"apivitals: {message}", file=sys.stderr)  # noqa: T201  # what a user of the command line reads
    raise typer.Exit(exit_code)
