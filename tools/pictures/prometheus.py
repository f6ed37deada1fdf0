"""What is asked of Prometheus, through its HTTP API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

_TIMEOUT_SECONDS = 30.0


class QueryError(Exception):
    """Prometheus could not answer; the message is its own."""


@dataclass(frozen=True)
class Series:
    """One series of an answer: times in seconds since 1970, and values."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus at `url`."""

    url: str

    def instant(self, expr: str, at: float) -> list[Series]:
        """Evaluate at one time.

        Raises:
            QueryError: it has no answer.
        """
        data = self._ask("query", query=expr, time=f"{at:.3f}")
        if data["resultType"] in {"scalar", "string"}:
            return [Series({}, (_point(data["result"]),))]
        if data["resultType"] == "matrix":
            return [_series(one) for one in data["result"]]
        return [Series(one["metric"], (_point(one["value"]),)) for one in data["result"]]

    def range(self, expr: str, begin: float, end: float, step: float) -> list[Series]:
        """Evaluate from begin to end, every `step` seconds.

        Raises:
            QueryError: it has no answer.
        """
        data = self._ask("query_range", query=expr, start=f"{begin:.3f}", end=f"{end:.3f}", step=f"{step:.3f}")
        return [_series(one) for one in data["result"]]

    def exemplars(self, expr: str, begin: float, end: float) -> list[tuple[float, float, Mapping[str, str]]]:
        """Return time, value and labels of the exemplars of the series that a query uses.

        Raises:
            QueryError: it has no answer.
        """
        data = self._ask("query_exemplars", query=expr, start=f"{begin:.3f}", end=f"{end:.3f}")
        found = [exemplar for series in data or () for exemplar in series["exemplars"]]
        return [(float(one["timestamp"]), float(one["value"]), one["labels"]) for one in found]

    def label_values(self, label: str, selector: str, begin: float, end: float) -> list[str]:
        """Return the values of a label, of what a selector selects if there is one.

        Raises:
            QueryError: it has no answer.
        """
        matching = {"match[]": selector} if selector else {}
        found = self._ask(f"label/{label}/values", start=f"{begin:.3f}", end=f"{end:.3f}", **matching)
        return [str(one) for one in found]

    def _ask(self, what: str, **parameters: str) -> Any:
        address = f"{self.url}/api/v1/{what}?{urlencode(parameters)}"
        try:
            with _OPENER.open(address, timeout=_TIMEOUT_SECONDS) as answer:
                content = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise QueryError(_told(error.read())) from error
        except OSError as error:
            raise QueryError(f"{self.url} does not answer: {error}") from error
        return content["data"]


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Without the environment's proxy: Prometheus is near."""


def _series(content: Mapping[str, Any]) -> Series:
    return Series(content["metric"], tuple(map(_point, content["values"])))


def _point(pair: tuple[float, str]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])


def _told(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError):
        return body.decode(errors="replace")
