"""The commands put together, and every wrong use answered in one line."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from apivitals.cli.alerts import alerts
from apivitals.cli.demo import demo
from apivitals.cli.doctor import doctor
from apivitals.cli.generate import generate
from apivitals.cli.init import init
from apivitals.cli.up import up
from apivitals.cli.validate import validate
from apivitals.version import __version__

_WRONG_USE = 2
_INTERRUPTED = 130

application = typer.Typer(name="apivitals", add_completion=False, rich_markup_mode=None)
application.add_typer(alerts)
application.command()(demo)
application.command()(init)
application.command()(generate)
application.command()(validate)
application.command()(up)
application.command()(doctor)


@application.callback(invoke_without_command=True)
def apivitals(
    context: typer.Context, *, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Response time, latency, throughput and machine vitals of a FastAPI service."""
    if version:
        typer.echo(f"apivitals {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(_WRONG_USE)


def run(arguments: Sequence[str]) -> int:
    """Run one command, and return its exit code."""
    command = typer.main.get_command(application)
    try:
        code = command.main(args=list(arguments), prog_name="apivitals", standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except Exception as error:
        # click's ClickException, or the copy of it inside newer typers.
        describe = getattr(error, "format_message", None)
        if describe is None:
            raise
        message = " ".join(describe().split())
        print(f"apivitals: {message} (see apivitals --help)", file=sys.stderr)  # noqa: T201 (for the user)
        return _WRONG_USE
    return code if isinstance(code, int) else 0
