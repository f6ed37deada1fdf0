"""Alerts as a table, as text and as JSON."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from apivitals.alerts.alert import Alert
from apivitals.alerts.changes import Change, changes
from apivitals.alerts.duration import spelled
from apivitals.alerts.finding import ID_CHARACTERS
from apivitals.alerts.standing import Silence, Standing

_SEVERITIES = ("critical", "warning", "info")
_STYLES = {"critical": "bold red", "warning": "yellow", "info": "cyan", "resolved": "green", "firing": "bold"}
_WIDE = 200  # of a pipe, whose reader has no window
# What an alert is about, besides its service, as far as a table has room for it
_ABOUT = ("priority", "http_route", "instance")


def in_order(alerts: Iterable[Standing]) -> list[Standing]:
    """Sort them: the gravest first, and of those the newest."""

    def rank(one: Standing) -> tuple[int, float]:
        severity = one.alert.severity
        gravity = _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)
        return gravity, -one.alert.starts_at.timestamp()

    return sorted(alerts, key=rank)


def as_object(one: Standing) -> dict[str, Any]:
    """Return an alert as JSON has it."""
    alert = one.alert
    return {
        "id": alert.fingerprint,
        "state": one.state,
        "name": alert.name,
        "severity": alert.severity,
        "priority": alert.priority,
        "job": alert.job,
        "starts_at": alert.starts_at.isoformat(),
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "generator_url": alert.generator_url,
        "silences": [_silence(silence) for silence in one.silences],
        "inhibited_by": list(one.inhibited_by),
    }


def table(alerts: Sequence[Standing], now: datetime) -> str:
    """Write a line for each alert."""
    if not alerts:
        return "nothing fires\n"
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for heading, fixed in (("ID", True), ("severity", True), ("alert", True), ("service", True), ("about", False)):
        grid.add_column(heading, no_wrap=fixed)
    grid.add_column("since", no_wrap=True, justify="right")
    grid.add_column("state", no_wrap=True)
    grid.add_column("summary", ratio=1)
    for one in alerts:
        alert = one.alert
        about = [alert.labels[name] for name in _ABOUT if name in alert.labels]
        grid.add_row(
            _plain(alert.fingerprint[:ID_CHARACTERS]),
            _plain(alert.severity or "-", _STYLES.get(alert.severity or "", "")),
            _plain(alert.name, "bold" if one.state == "firing" else ""),
            _plain(alert.job or "-"),
            _plain(" ".join(about) or "-"),
            _plain(spelled(now - alert.starts_at)),
            _plain(_state(one, now), "" if one.state == "firing" else "dim"),
            _plain(alert.summary or ""),
        )
    return _drawn(grid)


def details(one: Standing, others: Iterable[Standing], now: datetime) -> str:
    """Write all of an alert."""
    alert = one.alert
    since = f"{alert.starts_at.astimezone():%Y-%m-%d %H:%M:%S} ({spelled(now - alert.starts_at)})"
    lines = [f"{alert.name}  {alert.severity or '-'}  {one.state} since {since}", f"ID: {alert.fingerprint}"]
    texts = [alert.summary, alert.description]
    lines += ["", *(text for text in texts if text)] if any(texts) else []
    lines += ["", *(f"{name}: {value}" for name, value in sorted(alert.labels.items()))]
    links = {"Dashboard": alert.annotations.get("dashboard_url"), "Runbook": alert.annotations.get("runbook_url")}
    lines += ["", *(f"{name}: {url}" for name, url in {**links, "Query": alert.generator_url}.items() if url)]
    for silence in one.silences:
        what = "acknowledged" if silence.is_acknowledgement else "silenced with others"
        until = f"{silence.ends_at.astimezone():%Y-%m-%d %H:%M}"
        lines.append(f"{what} by {silence.author} until {until}: {silence.comment} (silence {silence.id})")
    named = {other.alert.fingerprint: other.alert for other in others}
    for fingerprint in one.inhibited_by:
        by = named.get(fingerprint)
        lines.append(f"inhibited by {by.name if by else 'an alert'} ({fingerprint[:ID_CHARACTERS]})")
    return "\n".join(_printable(line, keep="\n") for line in lines)


class Watched:
    """Prints what changed since the last look."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._before: list[Standing] = []

    def look(self, alerts: Iterable[Standing], now: datetime) -> None:
        """Print the changes, the gravest first."""
        after = in_order(one for one in alerts if one.alert.severity != "none")
        for change in changes(self._before, after):
            if self._as_json:
                typer.echo(json.dumps({"at": now.isoformat(), "to": change.to, "alert": as_object(change.standing)}))
            else:
                typer.echo(_line(change, now), nl=False)
        sys.stdout.flush()
        self._before = after


def _line(change: Change, now: datetime) -> str:
    alert = change.standing.alert
    about = [alert.labels[name] for name in ("job", *_ABOUT) if name in alert.labels]
    state = change.to if change.to in {"firing", "resolved"} else _state(change.standing, now)
    text = Text.assemble(
        (f"{now.astimezone():%H:%M:%S} ", "dim"),
        _padded(state, 9, _STYLES.get(change.to, "dim")),
        _padded(alert.severity or "-", 8, _STYLES.get(alert.severity or "", "")),
        _padded(alert.fingerprint[:ID_CHARACTERS], ID_CHARACTERS),
        _plain(_name_and_about(alert, about)),
    )
    return _drawn(text)


def _name_and_about(alert: Alert, about: Sequence[str]) -> str:
    what = f"{alert.name} ({' '.join(about)})" if about else alert.name
    return f"{what}: {alert.summary}" if alert.summary else what


def _state(one: Standing, now: datetime) -> str:
    silences = one.acknowledgements or one.silences
    if not silences:
        return one.state
    last = max(silences, key=lambda silence: silence.ends_at)
    return f"{one.state} by {last.author}, {spelled(last.ends_at - now)} left"


def _silence(silence: Silence) -> dict[str, Any]:
    return {
        "id": silence.id,
        "acknowledgement": silence.is_acknowledgement,
        "author": silence.author,
        "comment": silence.comment,
        "until": silence.ends_at.isoformat(),
    }


def _plain(text: str, style: str = "") -> Text:
    return Text(_printable(" ".join(text.split())), style)


def _padded(text: str, width: int, style: str = "") -> Text:
    return Text(f"{_printable(text):<{width}} ", style)


def _printable(text: str, keep: str = "") -> str:
    """Take out what would move the cursor or change colours: labels and texts are other people's."""
    return "".join(character if character.isprintable() or character in keep else "�" for character in text)


def _drawn(what: Table | Text) -> str:
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else _WIDE
    output = io.StringIO()
    console = Console(file=output, width=width, force_terminal=is_terminal, highlight=False, markup=False)
    console.print(what, soft_wrap=isinstance(what, Text))
    return "".join(f"{line.rstrip()}\n" for line in output.getvalue().splitlines())
