"""Prometheus' HTTP API, as far as it says what Prometheus does.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

if TYPE_CHECKING:
    from typing_extensions import Self  # in typing from Python 3.11 on

_TIMEOUT_SECONDS = 10.0
_UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_Read = TypeVar("_Read")


class PrometheusError(Exception):
    """It cannot be asked, or answers something else. The message is a line that says why."""


class NotOfferedError(PrometheusError):
    """It does not know the question, as others that answer Prometheus' queries do not."""


@dataclass(frozen=True)
class ScrapeTarget:
    """Something that is scraped."""

    url: str
    labels: Mapping[str, str]
    health: str
    """``up``, ``down``, or ``unknown`` before the first scrape."""
    last_error: str
    interval_seconds: float | None
    """None where it does not say."""


@dataclass(frozen=True)
class LoadedRule:
    """A rule that is evaluated."""

    name: str
    group: str
    health: str
    """``ok``, ``err``, or ``unknown`` before the first evaluation."""
    last_error: str
    expr: str
    """As Prometheus writes it."""
    held_seconds: float
    """How long an alert's condition has to hold; 0 for a recording rule."""


class Prometheus:
    """A connection to one.

    Raises:
        PrometheusError: `url` is none.
    """

    def __init__(self, url: str) -> None:
        try:
            self._base = httpx.URL(url.rstrip("/") + "/")
        except httpx.InvalidURL as error:
            raise PrometheusError(f"{url} is no URL: {error}") from None
        if self._base.scheme not in {"http", "https"} or not self._base.host:
            raise PrometheusError(f"{url} is no URL: give Prometheus' address, such as http://127.0.0.1:9090")
        self.url = str(self._base.copy_with(username=None, password=None)).rstrip("/")
        self._client = httpx.Client(timeout=_TIMEOUT_SECONDS, follow_redirects=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def version(self) -> str:
        """Return which one it is, or nothing. This and the others raise PrometheusError where it cannot be asked."""
        return self._read("status/buildinfo", lambda data: str(data.get("version", "")))

    def flags(self) -> dict[str, str]:
        """Return the options that it was started with, without dashes."""
        return self._read("status/flags", lambda data: {str(name): str(value) for name, value in data.items()})

    def retention(self) -> str:
        """Return how long, or how much, it keeps: ``45d``, ``15d or 10GiB``."""
        return self._read("status/runtimeinfo", lambda data: str(data["storageRetention"]))

    def alertmanagers(self) -> list[str]:
        """Return the addresses that it sends alerts to."""
        return self._read("alertmanagers", lambda data: [str(one["url"]) for one in data["activeAlertmanagers"]])

    def targets(self) -> list[ScrapeTarget]:
        """Return what it scrapes."""
        return self._read("targets", lambda data: list(map(_target, data["activeTargets"])), state="active")

    def rules(self) -> list[LoadedRule]:
        """Return the rules that it evaluates, with the group of each."""
        return self._read(
            "rules", lambda data: [_rule(rule, group["name"]) for group in data["groups"] for rule in group["rules"]]
        )

    def query(self, expression: str) -> list[dict[str, str]]:
        """Return the labels of each series of the answer."""
        return self._read("query", lambda data: [dict(one["metric"]) for one in data["result"]], query=expression)

    def _read(self, path: str, read: Callable[[Any], _Read], **parameters: str) -> _Read:
        try:
            answer = self._client.get(self._base.join(f"api/v1/{path}"), params=parameters)
        except httpx.TimeoutException:
            raise PrometheusError(f"{self.url} has not answered within {_TIMEOUT_SECONDS:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PrometheusError(f"{self.url} does not answer: {error}") from None
        if answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.NOT_IMPLEMENTED, httpx.codes.BAD_REQUEST}:
            raise NotOfferedError(f"{self.url} does not answer /api/v1/{path} (status {answer.status_code})")
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise PrometheusError(f"{self.url} wants to know who asks (status {answer.status_code})")
        try:
            return read(answer.json()["data"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise PrometheusError(
                f"{self.url} is no Prometheus: it answers {answer.status_code} to /api/v1/{path}"
            ) from None


def seconds(duration: str) -> float | None:
    """Read a duration as Prometheus writes it; None if it is none."""
    parts = list(_PART.finditer(duration))
    if not parts or "".join(part[0] for part in parts) != duration:
        return None
    return sum(int(part[1]) * _UNIT_SECONDS[part[2]] for part in parts)


def _target(one: Mapping[str, Any]) -> ScrapeTarget:
    return ScrapeTarget(
        str(one["scrapeUrl"]),
        dict(one["labels"]),
        str(one["health"]),
        str(one.get("lastError", "")),
        seconds(str(one.get("scrapeInterval", ""))),
    )


def _rule(one: Mapping[str, Any], group: str) -> LoadedRule:
    return LoadedRule(
        str(one["name"]),
        group,
        str(one.get("health", "unknown")),
        str(one.get("lastError", "")),
        str(one["query"]),
        float(one.get("duration", 0)),
    )
