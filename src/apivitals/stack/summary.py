"""Where everything is, once it is ready."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from apivitals.stack.grafana import password_file
from apivitals.stack.options import Options
from apivitals.stack.pieces import Pieces
from apivitals.stack.programs import NO_ALERTMANAGER, NO_GRAFANA
from apivitals.stack.prometheus import duration
from apivitals.stack.retention import kept_days
from apivitals.stack.service import Described


def summary(found: Pieces, options: Options, service: Described, directory: Path) -> str:
    """Return the table: what, where, and what is to be known of it."""
    rows = list(_rows(found, options, service, directory))
    wide, wider = (max(len(row[column]) for row in rows if row[2] or not column) for column in (0, 1))
    lines = [f"{what:{wide}}  {where:{wider}}  {note}".rstrip() for what, where, note in rows]
    return "\n".join([*lines, "", f"Is all well?  {_doctor(found, options)}", "Ctrl-C ends it."])


def _rows(found: Pieces, options: Options, service: Described, directory: Path) -> Iterator[tuple[str, str, str]]:
    if found.shop is not None:
        workers = f"{options.workers} workers" if options.workers > 1 else "1 worker"
        load = "no load" if options.highest_rate is None else f"up to {options.highest_rate:g} requests per second"
        yield "service", found.shop.shop.url, f"the video shop: {workers}, {load}"
    for target in found.targets:
        yield "metrics", target.url, f"job {target.job}"
    every, days = duration(service.objectives.scrape_interval_seconds), kept_days(service.objectives)
    keeps = "its data is gone at the end" if options.data is None else f"it keeps {days} days in {options.data}"
    yield "Prometheus", found.prometheus.url, f"scrapes every {every}; {keeps}"
    if found.alertmanager is None:
        yield "Alertmanager", "-", NO_ALERTMANAGER
    else:
        told = [name for name, _ in service.objectives.receivers.named()]
        yield "Alertmanager", found.alertmanager.url, f"tells {', '.join(told) or 'nobody: no receivers are named'}"
    if found.grafana is None:
        yield "Grafana", "-", NO_GRAFANA
    else:
        password = password_file(options.data_in(directory) / "grafana")
        yield "Grafana", found.grafana.url, f"the password of admin is in {password}"
    yield "configuration", str(directory), f"made from {service.source}"


def _doctor(found: Pieces, options: Options) -> str:
    words = ["apivitals", "doctor", found.targets[0].url, "--prometheus", found.prometheus.url]
    if found.alertmanager is not None:
        words += ["--alertmanager", found.alertmanager.url]
    for option, value in (("--config", options.config), ("--token-file", options.token_file)):
        words += [] if value is None else [option, str(value)]
    return shlex.join(words)
