"""``apivitals alerts``: what fires, who has it, and how to take it, from Alertmanager."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apivitals.cli.service import end
from apivitals.settings import read_token

if TYPE_CHECKING:
    from apivitals.alerts.client import Alertmanager

_CANNOT_BE_HAD = 2
_DEFAULT_URL = "http://127.0.0.1:9093"

alerts = typer.Typer(name="alerts", rich_markup_mode=None)

Url = Annotated[
    str,
    typer.Option("--alertmanager", metavar="URL", envvar="ALERTMANAGER_URL", help="Where Alertmanager is."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", envvar="ALERTMANAGER_TOKEN_FILE", help="File with a bearer token, where it wants one."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="JSON.")]
Matching = Annotated[
    list[str] | None,
    typer.Option("--match", metavar="MATCHER", help="Only what fits, as 'job=\"shop\"'; may be given several times."),
]
Target = Annotated[str, typer.Argument(metavar="ALERT", help="ID of an alert, or as much of it as is needed, or name.")]


@alerts.callback(invoke_without_command=True)
def _without_command(context: typer.Context) -> None:
    """List, acknowledge and watch alerts, in Alertmanager."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(_CANNOT_BE_HAD)


@alerts.command("list")
def list_alerts(
    *,
    matching: Matching = None,
    everything: Annotated[bool, typer.Option("--all", help="The dead man's switch too, which always fires.")] = False,
    as_json: Json = False,
    url: Url = _DEFAULT_URL,
    token_file: TokenFile = None,
) -> None:
    """Show what fires."""
    from apivitals.cli.alerts_text import as_object, in_order, table  # noqa: PLC0415  # rich is in the extra

    with _connected(url, token_file) as alertmanager:
        found = in_order(
            one for one in alertmanager.alerts(matching or ()) if everything or one.alert.severity != "none"
        )
        if as_json:
            typer.echo(json.dumps([as_object(one) for one in found], indent=2))
        else:
            typer.echo(table(found, alertmanager.now), nl=False)


@alerts.command()
def show(target: Target, *, as_json: Json = False, url: Url = _DEFAULT_URL, token_file: TokenFile = None) -> None:
    """Show all of one alert."""
    from apivitals.alerts.finding import one_alert  # noqa: PLC0415  # httpx is in the extra
    from apivitals.cli.alerts_text import as_object, details  # noqa: PLC0415  # and rich

    with _connected(url, token_file) as alertmanager:
        there = alertmanager.alerts()
        found = one_alert(target, there)
        typer.echo(json.dumps(as_object(found), indent=2) if as_json else details(found, there, alertmanager.now))


@alerts.command()
def ack(  # noqa: PLR0913  # one parameter per option
    target: Target,
    *,
    comment: Annotated[str, typer.Option("--comment", "-m", metavar="TEXT", help="What you know, or do.")] = "",
    author: Annotated[
        str | None, typer.Option(metavar="NAME", envvar="APIVITALS_AUTHOR", help="Who you are; default: your login.")
    ] = None,
    duration: Annotated[str, typer.Option("--for", metavar="DURATION", help="For how long, as 30m, 2h, 1d.")] = "2h",
    all_instances: Annotated[
        bool, typer.Option("--all-instances", help="Of whatever instance, not of this one only.")
    ] = False,
    as_json: Json = False,
    url: Url = _DEFAULT_URL,
    token_file: TokenFile = None,
) -> None:
    """Acknowledge an alert: it tells nobody for a while, and others see who has it."""
    from apivitals.alerts import acknowledging  # noqa: PLC0415  # httpx is in the extra

    seconds = _duration(duration)
    with _connected(url, token_file) as alertmanager:
        found = acknowledging.meant(target, alertmanager.alerts(), all_instances=all_instances)
        made = acknowledging.acknowledge(
            alertmanager,
            found,
            author=author or _login(),
            comment=comment or "acknowledged",
            duration=seconds,
            all_instances=all_instances,
        )
    if as_json:
        typer.echo(json.dumps({"silence": made.id, "until": made.until.isoformat(), "alerts": list(made.fingerprints)}))
        return
    count = len(made.fingerprints)
    others = f", with {count - 1} more" if count > 1 else ""
    until = made.until.astimezone()
    typer.echo(f"acknowledged {found.alert.name} until {until:%H:%M on %Y-%m-%d}{others} (silence {made.id})")


@alerts.command()
def unack(
    target: Annotated[str, typer.Argument(metavar="ALERT", help="The alert, by ID or name; or a silence's ID.")],
    *,
    as_json: Json = False,
    url: Url = _DEFAULT_URL,
    token_file: TokenFile = None,
) -> None:
    """Take an acknowledgement back: the alert tells people again."""
    from apivitals.alerts.acknowledging import take_back  # noqa: PLC0415  # httpx is in the extra

    with _connected(url, token_file) as alertmanager:
        expired = take_back(alertmanager, target)
    if as_json:
        typer.echo(json.dumps({"expired": [one.id for one in expired]}))
        return
    for one in expired:
        typer.echo(f"took back what {one.author} acknowledged (silence {one.id})")


@alerts.command()
def watch(  # noqa: PLR0913  # one parameter per option
    *,
    matching: Matching = None,
    every: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="How often to look.")] = 5.0,
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=0, help="End after so long; default: at Ctrl-C.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON for each change.")] = False,
    url: Url = _DEFAULT_URL,
    token_file: TokenFile = None,
) -> None:
    """Show what fires, and then every change."""
    from apivitals.alerts.client import AlertmanagerError  # noqa: PLC0415  # httpx is in the extra
    from apivitals.cli.alerts_text import Watched  # noqa: PLC0415  # rich is in the extra

    deadline = None if seconds is None else time.monotonic() + seconds
    with _connected(url, token_file) as alertmanager:
        watched = Watched(as_json=as_json)
        watched.look(alertmanager.alerts(matching or ()), alertmanager.now)
        is_lost = False
        while deadline is None or time.monotonic() < deadline:
            time.sleep(every if deadline is None else max(0.0, min(every, deadline - time.monotonic())))
            try:
                watched.look(alertmanager.alerts(matching or ()), alertmanager.now)
            except AlertmanagerError as error:
                if not is_lost:
                    typer.echo(f"apivitals: {error}; still trying", err=True)
                is_lost = True
            else:
                if is_lost:
                    typer.echo(f"apivitals: {alertmanager.url} answers again", err=True)
                is_lost = False


@contextmanager
def _connected(url: str, token_file: Path | None) -> Iterator[Alertmanager]:
    """Connect to it; what goes wrong with it ends the command with a line that says so."""
    try:
        from apivitals.alerts.client import Alertmanager, AlertmanagerError  # noqa: PLC0415  # httpx is in the extra
        from apivitals.alerts.finding import NotFoundError  # noqa: PLC0415  # beside it
    except ImportError as error:
        end(f"alerts needs {error.name}: pip install 'apivitals[cli]'", _CANNOT_BE_HAD)
    try:
        with Alertmanager(url, _token(token_file)) as alertmanager:
            yield alertmanager
    except (AlertmanagerError, NotFoundError) as error:
        end(str(error), _CANNOT_BE_HAD)


def _token(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return read_token(file).decode("ascii")
    except (OSError, ValueError) as error:
        reason: Any = error.strerror if isinstance(error, OSError) else error
        end(f"--token-file {file} cannot be used: {reason}", _CANNOT_BE_HAD)


def _duration(text: str) -> timedelta:
    from apivitals.alerts.duration import parse  # noqa: PLC0415  # only where a duration is given

    try:
        return parse(text)
    except ValueError as error:
        end(f"--for: {error}", _CANNOT_BE_HAD)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        end("who are you? --author NAME", _CANNOT_BE_HAD)
