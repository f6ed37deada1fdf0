"""What is asked about the cluster that the resources are for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from apivitals.objectives import Objectives
from apivitals.objectives.reading import settings_problems
from apivitals.settings import DEFAULT_PATH, Settings
from apivitals.settings_file import problems_in
from apivitals.slo.plan import CannotGenerateError

PART_OF = "apivitals"
MONITORS = ("service", "pod")
_OF_THE_PAGE = ("metrics_path", "metrics_port", "metrics_host")
_OF_THE_TOKEN = ("metrics_token", "metrics_token_file")
_NOT_IN_NAME = re.compile(r"[^a-z0-9]+")
_LONGEST = 63  # RFC 1123: a label of a DNS name, which names and values of labels are held to
_ROOM = 16  # for what comes after the name, such as -recording
_DNS = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_KEY = re.compile(rf"({_DNS}(\.{_DNS})*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?")
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


@dataclass(frozen=True)
class Page:
    """Where a pod answers with its metrics."""

    path: str = DEFAULT_PATH
    port: str = "http"
    """The name of the port."""
    needs_token: bool = False
    is_loopback: bool = False
    """Whether only the pod itself reaches it, as the settings stand."""


@dataclass(frozen=True)
class Cluster:
    """How the service runs there, and what its operator looks for."""

    page: Page = Page()
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels that the operator selects rules and monitors by, as ``release: monitoring``."""
    match: Mapping[str, str] = field(default_factory=dict)
    """Labels of the Service, or of the pods, where they are not those of the name."""
    monitor: str = "service"
    """Which of `MONITORS`."""


def page_of(values: Mapping[str, Any], place: str) -> Page:
    """Read where the metrics are from the keys and values of a settings file; `place` is what a message calls it.

    Raises:
        SettingsError: a value is wrong.
        CannotGenerateError: no Prometheus could find the page.
    """
    given = {key: values[key] for key in _OF_THE_PAGE if key in values}
    problems = settings_problems(given)
    if problems:
        raise problems_in(problem.at(place) for problem in problems)
    settings = Settings(**given)
    if settings.metrics_port is None and settings.metrics_path is None:
        raise CannotGenerateError("metrics_path is off and there is no metrics_port: there is nothing to scrape")
    if settings.metrics_port == 0:
        raise CannotGenerateError("metrics_port is 0, a free port: a Service needs one that is known, such as 9464")
    own = settings.metrics_port is not None
    return Page(
        settings.metrics_path or DEFAULT_PATH,
        "metrics" if own else "http",
        any(values.get(key) for key in _OF_THE_TOKEN),
        own and _is_loopback(settings.metrics_host),
    )


def service_of(objectives: Objectives) -> str | None:
    """Return what the service is called in Prometheus, or None for every service."""
    return objectives.selector.get("job") or objectives.service_name


def resource_name(objectives: Objectives) -> str:
    """Name the resources, as RFC 1123 allows: ``apivitals-shop``, or ``apivitals`` for every service."""
    service = service_of(objectives)
    return _name(PART_OF if service is None else f"{PART_OF}-{service}", _LONGEST - _ROOM)


def application_name(service: str) -> str:
    """Return what the label ``app.kubernetes.io/name`` of a service should be."""
    return _name(service)


def labels_from(given: Iterable[str], option: str) -> dict[str, str]:
    """Read labels from ``KEY=VALUE``, as the option takes them.

    Raises:
        CannotGenerateError: one is no label.
    """
    labels = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            raise CannotGenerateError(f"{option} {text}: give a label of Kubernetes, such as release=monitoring")
        labels[key] = value
    return labels


def _name(text: str, most: int = _LONGEST) -> str:
    return _NOT_IN_NAME.sub("-", text.lower()).strip("-")[:most].strip("-") or PART_OF


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
