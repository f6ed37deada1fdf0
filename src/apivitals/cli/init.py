"""``apivitals init``: a settings file to begin with."""

from pathlib import Path
from typing import Annotated

import typer

from apivitals.cli.service import TokenFile, Url, end, metrics_page
from apivitals.settings_file import FILE_NAME


def init(
    *,
    url: Url = None,
    token_file: TokenFile = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where it is written to.")] = Path(FILE_NAME),
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write a settings file with every default in it; with --url, the routes of the running service too."""
    from apivitals.objectives.live import live  # noqa: PLC0415  # the other commands start without
    from apivitals.objectives.template import template  # noqa: PLC0415  # the same

    if out.exists() and not force:
        end(f"{out} is there already: --force overwrites it, --out writes another", 1)
    priorities = live(metrics_page(url, token_file)).priorities if url is not None else {}
    try:
        out.write_text(template(priorities), encoding="utf-8")
    except OSError as error:
        end(f"{out} cannot be written: {error.strerror}", 1)
    typer.echo(f"{out} is written: apivitals validate {out}")
    if url is not None and not priorities:
        typer.echo("The service has answered no request yet, so none of its routes are in it.")
