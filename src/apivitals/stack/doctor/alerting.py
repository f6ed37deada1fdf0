"""Alertmanager: whether it works as configured, whom it would tell, and whether that arrives, if it is tried."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from apivitals.alertmanager_config.routes import SEVERITIES
from apivitals.alerts.client import Alertmanager, AlertmanagerError
from apivitals.slo.monitoring import RELOADED
from apivitals.stack.doctor.check import Check, listed, ok, problem, skipped, warning
from apivitals.stack.doctor.prometheus_api import seconds
from apivitals.stack.doctor.routing import Receiver, Routing

TEST_ALERT = "ApivitalsDoctorTest"
_SEVERITY = "critical"
_SENT, _FAILED = "alertmanager_notification_requests_total", "alertmanager_notification_requests_failed_total"
_GROUPS = "alertmanager_dispatcher_aggregation_groups"
_LIFE = timedelta(minutes=5)
_MARGIN_SECONDS = 10.0
_POLL_SECONDS = 0.2
_TELL = "name who is told under receivers of apivitals.yaml, run apivitals generate, and reload Alertmanager"
_UNKNOWN = "it is not known where it would go"
_TEXTS = {
    "summary": "A test of alerting: nothing is wrong",
    "description": "apivitals doctor raised this alert to see whether it arrives, and ends it then.",
}


def alertmanager_checks(alertmanager: Alertmanager, labels: Mapping[str, str], *, send: bool) -> Iterator[Check]:
    """Examine it, for alerts with these labels; only with `send` is one raised, which tells people.

    Raises:
        AlertmanagerError: it cannot be asked.
    """
    version, configuration = alertmanager.status()
    yield ok("Alertmanager", f"{alertmanager.url} answers, version {version}")
    yield _reloaded(alertmanager)
    try:
        routing = Routing(configuration)
    except ValueError as error:
        yield problem("routing", f"its configuration is not understood: {error}", "run amtool check-config on it")
        yield skipped("test alert", _UNKNOWN)
        return
    labels = {"alertname": TEST_ALERT, **labels}
    try:
        told = {
            str(severity): routing.receivers({**labels, "severity": severity}, alertmanager.now)
            for severity in SEVERITIES
        }
    except ValueError as error:
        yield warning("routing", f"it cannot be followed here: {error}", "ask amtool config routes test")
        yield skipped("test alert", _UNKNOWN)
        return
    yield _routing(told)
    receivers = [one for one in told[_SEVERITY] if one.integrations]
    if send and receivers:
        yield _sent(alertmanager, {**labels, "severity": _SEVERITY}, told[_SEVERITY])
    elif receivers:
        names = listed(one.name for one in receivers)
        yield skipped("test alert", f"--send-test-alert raises a {_SEVERITY} one, which notifies {names}")
    else:
        yield skipped("test alert", f"a {_SEVERITY} one would notify nobody")


def _reloaded(alertmanager: Alertmanager) -> Check:
    name = "configuration"
    try:
        value = sum(_values(alertmanager, RELOADED).values())
    except AlertmanagerError as error:
        return skipped(name, str(error))
    if value:
        return ok(name, "Alertmanager's last reload succeeded")
    advice = "run amtool check-config alertmanager.yml, mend it, and reload"
    return problem(name, "Alertmanager goes on with an old configuration: its last reload failed", advice)


def _routing(told: Mapping[str, list[Receiver]]) -> Check:
    texts = {
        severity: listed(_with_muting(one) for one in receivers if one.integrations) or "nobody"
        for severity, receivers in told.items()
    }
    message = "; ".join(f"{severity}: {names}" for severity, names in texts.items())
    if texts[_SEVERITY] == "nobody":
        return warning("routing", f"{_SEVERITY} alerts tell nobody ({message})", _TELL)
    if all(one.muted_by for one in told[_SEVERITY] if one.integrations):
        advice = "see mute_hours of apivitals.yaml, or the time intervals of Alertmanager's configuration"
        return warning("routing", f"{_SEVERITY} alerts are muted now ({message})", advice)
    return ok("routing", message)


def _with_muting(receiver: Receiver) -> str:
    return f"{receiver.name} (muted now: {receiver.muted_by})" if receiver.muted_by else receiver.name


def _sent(alertmanager: Alertmanager, labels: Mapping[str, str], routes: list[Receiver]) -> Check:
    """Raise the alert, wait until it was told by every integration, and end it."""
    name = "test alert"
    receivers = [one for one in routes if one.integrations]
    kinds = sorted({kind for one in receivers for kind in one.integrations})
    before, groups = _counts(alertmanager), _groups(alertmanager)
    posted = time.monotonic()
    alertmanager.post(labels, _TEXTS, until=alertmanager.now + _LIFE)
    try:
        # The longer one where the last test is not long ago.
        waits = [seconds(text) or 0.0 for one in receivers for text in (one.group_wait, one.group_interval)]
        wait = max(waits) + _MARGIN_SECONDS
        time.sleep(_POLL_SECONDS)
        # Before a new group's wait is over, what is sent tells of other alerts. What joins a group that was there
        # already is told of whenever that is due.
        is_new = _groups(alertmanager) >= groups + len(routes)
        others_until = posted + (min(seconds(one.group_wait) or 0.0 for one in receivers) if is_new else 0.0)
        while True:
            counts = _counts(alertmanager)
            if time.monotonic() < others_until:
                before = counts
            sent, failed = ({kind: _more(counts, before, kind, at) for kind in kinds} for at in (0, 1))
            quiet = [one for one in alertmanager.alerts([f"alertname={TEST_ALERT}"]) if one.state != "firing"]
            if quiet:
                advice = "see apivitals alerts list, or wait until the silence is over"
                return problem(name, f"it tells nobody: it is {quiet[0].state}", advice)
            if any(failed.values()):
                broken = listed(kind for kind in kinds if failed[kind])
                return problem(name, f"notifying by {broken} failed", "see Alertmanager's log, which has the error")
            if all(sent.values()):
                return ok(name, f"{listed(one.name for one in receivers)} took it, and it is over")
            if time.monotonic() > posted + wait:
                late = listed(kind for kind in kinds if not sent[kind])
                return problem(
                    name, f"nothing was sent by {late} in {wait:g} s", "see Alertmanager's log and its mute hours"
                )
            time.sleep(_POLL_SECONDS)
    finally:
        alertmanager.post(labels, _TEXTS, until=alertmanager.now)


def _groups(alertmanager: Alertmanager) -> float:
    """Return how many groups of alerts there are; NaN where that is not shown."""
    try:
        return sum(_values(alertmanager, _GROUPS).values())
    except AlertmanagerError:
        return math.nan


def _counts(alertmanager: Alertmanager) -> tuple[dict[str, float], dict[str, float]]:
    return _values(alertmanager, _SENT), _values(alertmanager, _FAILED)


def _more(
    after: tuple[dict[str, float], dict[str, float]],
    before: tuple[dict[str, float], dict[str, float]],
    kind: str,
    which: int,
) -> float:
    return after[which].get(kind, 0.0) - before[which].get(kind, 0.0)


def _values(alertmanager: Alertmanager, name: str) -> dict[str, float]:
    """Return what the page has of that name, by integration."""
    found: dict[str, float] = {}
    lines = (line for line in alertmanager.metrics().splitlines(keepends=True) if line.startswith(name))
    for family in text_string_to_metric_families("".join(lines)):
        for sample in family.samples:
            kind = sample.labels.get("integration", "")
            found[kind] = found.get(kind, 0.0) + float(sample.value)
    if not found:
        raise AlertmanagerError(f"{alertmanager.url} does not show {name}")
    return found
