"""Prometheus: whether it scrapes the service, often enough, keeps the data long enough, and sends alerts on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from apivitals.catalog.internal import BUILD_INFO
from apivitals.objectives import BURN_RATES, Objectives
from apivitals.objectives.burn_rate import SCRAPES_IN_A_WINDOW
from apivitals.stack.doctor.check import Check, listed, ok, problem, skipped, warning
from apivitals.stack.doctor.prometheus_api import (
    NotOfferedError,
    Prometheus,
    PrometheusError,
    ScrapeTarget,
    seconds,
)
from apivitals.stack.prometheus import duration
from apivitals.stack.retention import kept_days, needed_days

_DAY_SECONDS = 86_400
_EXEMPLARS = "exemplar-storage"
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = {"localhost", "::1", "0.0.0.0"}  # noqa: S104  # compared with, not bound
_QUOTED = re.compile(r'"[^"]*"')
"""The address, and what the service answered: their digits and words are not Prometheus' own."""
_CAUSES = tuple(
    (re.compile(cause), advice)
    for cause, advice in (
        # A status stands alone; a port, which may have the same digits, follows a colon.
        (
            r"(?<!\S)40[13]\b",
            "give the job authorization: {credentials_file: FILE}, with the service's metrics_token",
        ),
        (r"(?<!\S)404\b", "give the job the service's metrics_path, or the port of its metrics_port"),
        (r"refused|no such host", "start the service, or give the address at which Prometheus' machine reaches it"),
        (r"deadline|timeout", "look at the event loop, or raise scrape_timeout"),
    )
)


def find_target(prometheus: Prometheus, page_url: str) -> ScrapeTarget | None:
    """Return what Prometheus scrapes of the service; by the page's address, or else by its host and port.

    Raises:
        PrometheusError: it cannot be asked.
    """
    near = [one for one in prometheus.targets() if _address(one.url) == _address(page_url)]
    exact = [one for one in near if urlsplit(one.url).path == urlsplit(page_url).path]
    return next(iter([*exact, *near]), None)


def target_check(prometheus: Prometheus, target: ScrapeTarget | None, page_url: str) -> Check:
    """Say whether the service is scraped, with success."""
    name, address = "target", urlsplit(page_url).netloc
    if target is None:
        try:
            others = [f"{one.get('job')} at {one.get('instance')}" for one in prometheus.query(BUILD_INFO.exposed)]
        except PrometheusError:
            others = []
        known = f"; of services with apivitals it has {listed(others)}" if others else ""
        advice = f'add a job to scrape_configs of prometheus.yml: static_configs: [{{targets: ["{address}"]}}]'
        return problem(name, f"Prometheus does not scrape {address}{known}", advice)
    job = target.labels.get("job", "")
    if target.health == "up":
        return ok(name, f"{target.url} is up, job {job}")
    if target.health == "unknown":
        return warning(name, f"{target.url} has not been scraped yet, job {job}", "ask again after an interval")
    return problem(name, f"{target.url} is {target.health}: {target.last_error}", _mend(target.last_error))


def interval_check(target: ScrapeTarget, objectives: Objectives) -> Check:
    """Say whether rates have enough to go by."""
    name, every = "scrape interval", target.interval_seconds
    if every is None:
        return skipped(name, "Prometheus does not say it")
    longest = min(rate.short_seconds for rate in BURN_RATES) / SCRAPES_IN_A_WINDOW
    if every > longest:
        advice = f"set scrape_interval to {longest:g}s or less"
        return problem(name, f"{duration(every)} is too long for the rules' shortest window", advice)
    expected = objectives.scrape_interval_seconds
    if round(every * 1000) != round(expected * 1000):  # Prometheus has whole milliseconds
        advice = "make scrape_interval of prometheus.yml and scrape_interval_seconds of apivitals.yaml the same"
        return warning(name, f"it is {duration(every)}, and the rules are made for {duration(expected)}", advice)
    return ok(name, duration(every))


def storage_checks(prometheus: Prometheus, objectives: Objectives) -> Iterator[Check]:
    """Say whether data is kept as long as rules look back, and exemplars at all.

    Raises:
        PrometheusError: it cannot be asked.
    """
    try:
        yield _retention(prometheus.retention(), objectives)
    except NotOfferedError as error:
        yield skipped("retention", str(error))
    try:
        features = prometheus.flags().get("enable-feature", "").split(",")
    except NotOfferedError as error:
        yield skipped("exemplars", str(error))
        return
    if _EXEMPLARS in features:
        yield ok("exemplars", "they are kept")
    else:
        advice = f"start Prometheus with --enable-feature={_EXEMPLARS}"
        yield warning("exemplars", "they are not kept, so nothing leads from a bucket to a trace", advice)


def alerting_check(prometheus: Prometheus, alertmanager: str | None) -> Check:
    """Say whether alerts are sent on, and to the Alertmanager that is asked about, if one is.

    Raises:
        PrometheusError: it cannot be asked.
    """
    name = "alerting"
    active = [url.removesuffix("/api/v2/alerts") for url in prometheus.alertmanagers()]
    if not active:
        advice = "name one under alerting.alertmanagers of prometheus.yml"
        return problem(name, "Prometheus knows of no Alertmanager: alerts reach nobody", advice)
    if alertmanager is not None and _address(alertmanager) not in map(_address, active):
        advice = f"put {urlsplit(alertmanager).netloc} under alerting.alertmanagers, or ask about the other one"
        return warning(name, f"alerts go to {listed(active)}, and not to {alertmanager}", advice)
    return ok(name, f"alerts go to {listed(active)}")


def _retention(said: str, objectives: Objectives) -> Check:
    name, needed = "retention", needed_days(objectives)
    kept = next(filter(None, map(seconds, said.split(" or "))), None)
    if kept is None:
        return skipped(name, f"Prometheus keeps {said or 'an unknown amount'}, not for a time that is known")
    if kept < needed * _DAY_SECONDS:
        advice = f"start it with --storage.tsdb.retention.time={kept_days(objectives)}d"
        return problem(name, f"Prometheus keeps {said}, and rules look back {needed} days", advice)
    return ok(name, f"{said}, and rules look back {needed} days")


def _mend(error: str) -> str:
    said = _QUOTED.sub("", error)
    return next((advice for cause, advice in _CAUSES if cause.search(said)), "see the targets page of Prometheus")


def _address(url: str) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # which Prometheus may have been given, and takes
        return url, None
    host = "127.0.0.1" if parts.hostname in _LOOPBACK else parts.hostname
    return host, port or _PORTS.get(parts.scheme)
