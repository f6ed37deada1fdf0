"""All questions, in the order in which one depends on another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from apivitals.alerts.client import Alertmanager, AlertmanagerError
from apivitals.stack.doctor.alerting import alertmanager_checks
from apivitals.stack.doctor.check import Check, ok, problem, skipped
from apivitals.stack.doctor.metrics_page import page_checks, threshold_checks
from apivitals.stack.doctor.prometheus_api import NotOfferedError, Prometheus, PrometheusError, ScrapeTarget
from apivitals.stack.doctor.rules import rule_checks
from apivitals.stack.doctor.scraping import alerting_check, find_target, interval_check, storage_checks, target_check
from apivitals.stack.page import PageError, fetch, page_url, token_in, url_parts
from apivitals.stack.service import Described, named


@dataclass(frozen=True)
class Asked:
    """What is examined."""

    url: str
    prometheus: str | None = None
    alertmanager: str | None = None
    token_file: Path | None = None
    send_test_alert: bool = False


def examine(asked: Asked, service: Described) -> Iterator[Check]:
    """Yield the answers.

    Raises:
        PageError: one of the URLs is none, or the token's file cannot be used.
        CannotGenerateError: the objectives ask for rules that cannot work.
    """
    url = page_url(asked.url, service.metrics_path)
    for other in filter(None, (asked.prometheus, asked.alertmanager)):
        url_parts(other)
    token = token_in(asked.token_file) or service.shown_token()
    says = ""
    try:
        page = fetch(url, token)
    except PageError as error:
        yield problem("metrics page", str(error), error.advice or "metrics_token of the service is in it")
    else:
        says = named(page.text)
        yield from page_checks(page, token, service.objectives)
        yield from threshold_checks(page, service.objectives, service.source)
    target = None
    if asked.prometheus is None:
        yield skipped("Prometheus", "--prometheus URL looks at targets and rules")
    else:
        try:
            with Prometheus(asked.prometheus) as prometheus:
                prometheus.query("vector(1)")
                yield ok("Prometheus", f"{prometheus.url} answers{_version(prometheus)}")
                target = _target(prometheus, url)
                yield from _prometheus(prometheus, target, url, asked.alertmanager, service)
        except PrometheusError as error:
            yield problem("Prometheus", str(error), "start it, or give the address that it listens on")
    if asked.alertmanager is None:
        yield skipped("Alertmanager", "--alertmanager URL looks at who is told")
        return
    job = target.labels.get("job", "") if target is not None else service.job(says, "")
    try:
        with Alertmanager(asked.alertmanager) as alertmanager:
            labels = {**service.objectives.alert_labels, **({"job": job} if job else {})}
            yield from alertmanager_checks(alertmanager, labels, send=asked.send_test_alert)
    except AlertmanagerError as error:
        yield problem("Alertmanager", str(error), "start it, or give the address that it listens on")


def _prometheus(
    prometheus: Prometheus, target: ScrapeTarget | None, url: str, alertmanager: str | None, service: Described
) -> Iterator[Check]:
    yield target_check(prometheus, target, url)
    if target is not None:
        yield interval_check(target, service.objectives)
    yield from storage_checks(prometheus, service.objectives)
    yield from _if_offered("rules", lambda: rule_checks(prometheus, service.objectives, target))
    yield from _if_offered("alerting", lambda: iter([alerting_check(prometheus, alertmanager)]))


def _if_offered(name: str, checks: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """Yield the answers; that others which answer queries do not know a question is no fault of theirs."""
    try:
        yield from checks()
    except NotOfferedError as error:
        yield skipped(name, str(error))


def _target(prometheus: Prometheus, url: str) -> ScrapeTarget | None:
    try:
        return find_target(prometheus, url)
    except NotOfferedError:
        return None


def _version(prometheus: Prometheus) -> str:
    try:
        version = prometheus.version()
    except NotOfferedError:
        return ""
    return f", version {version}" if version else ""
