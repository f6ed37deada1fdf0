"""Alertmanager's API, version 2.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from apivitals.alerts.reading import Reader, silence, standing
from apivitals.alerts.standing import Matcher, Silence, Standing

if TYPE_CHECKING:
    from typing_extensions import Self  # in typing from Python 3.11 on

_TIMEOUT_SECONDS = 10.0
_Read = TypeVar("_Read")


class AlertmanagerError(Exception):
    """Alertmanager cannot be asked, or refuses. The message is a line that says which and why."""


class Alertmanager:
    """A connection to one.

    Raises:
        AlertmanagerError: `url` is none.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        try:
            self._base = httpx.URL(url.rstrip("/") + "/")
        except httpx.InvalidURL as error:
            raise AlertmanagerError(f"{url} is no URL: {error}") from None
        if self._base.scheme not in {"http", "https"} or not self._base.host:
            raise AlertmanagerError(f"{url} is no URL: give Alertmanager's address, such as http://127.0.0.1:9093")
        self.url = str(self._base.copy_with(username=None, password=None)).rstrip("/")
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        self._client = httpx.Client(headers=headers, timeout=_TIMEOUT_SECONDS, follow_redirects=True)
        self.now = datetime.now(timezone.utc)
        """The time there, as of the last answer: a silence that begins later is pending until then."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def alerts(self, matchers: Iterable[str] = ()) -> list[Standing]:
        """Return all alerts that fire, or those that fit all of `matchers`, such as ``job="shop"``.

        Raises:
            AlertmanagerError: it cannot be asked, or takes a matcher for none.
        """
        content = self._ask("GET", "alerts", params={"filter": list(matchers)})
        silences = {one.id: one for one in self.silences()}
        return self._read(lambda: [standing(one, silences) for one in _objects(content)])

    def silences(self) -> list[Silence]:
        """Return all silences that are active.

        Raises:
            AlertmanagerError: it cannot be asked.
        """
        content = self._ask("GET", "silences")
        return self._read(lambda: [one for one in map(silence, _objects(content)) if one.is_active])

    def silence(
        self, matchers: Iterable[Matcher], *, author: str, comment: str, until: datetime, renews: Silence | None = None
    ) -> str:
        """Silence what fits all matchers from now on; return the silence's id. `renews` is one with the same matchers.

        Raises:
            AlertmanagerError: it cannot be asked, or refuses.
        """
        content = {
            "matchers": [
                {"name": one.name, "value": one.value, "isRegex": one.is_regex, "isEqual": one.is_equal}
                for one in matchers
            ],
            "startsAt": (self.now if renews is None else renews.starts_at).isoformat(),
            "endsAt": until.isoformat(),
            "createdBy": author,
            "comment": comment,
            **({} if renews is None else {"id": renews.id}),
        }
        answer = self._ask("POST", "silences", json=content)
        return self._read(lambda: Reader(answer).text("silenceID"))

    def expire(self, silence_id: str) -> None:
        """End a silence now.

        Raises:
            AlertmanagerError: it cannot be asked, or has no such silence.
        """
        self._ask("DELETE", f"silence/{silence_id}")

    def status(self) -> tuple[str, str]:
        """Return its version, and its configuration as YAML, secrets left out.

        Raises:
            AlertmanagerError: it cannot be asked.
        """
        content = self._ask("GET", "status")
        return self._read(
            lambda: (
                Reader(content).object("versionInfo").text("version"),
                Reader(content).object("config").text("original"),
            )
        )

    def post(self, labels: Mapping[str, str], annotations: Mapping[str, str], *, until: datetime) -> None:
        """Let an alert with these labels fire until then; one that fires already ends then.

        Raises:
            AlertmanagerError: it cannot be asked, or refuses.
        """
        one = {"labels": dict(labels), "annotations": dict(annotations), "endsAt": until.isoformat()}
        self._ask("POST", "alerts", json=[one])

    def metrics(self) -> str:
        """Return its metrics page, in the Prometheus text format.

        Raises:
            AlertmanagerError: it has none that can be had.
        """
        try:
            answer = self._client.get(self._base.join("metrics"), headers={"accept": "text/plain"})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AlertmanagerError(f"Alertmanager does not answer at {self.url}: {error}") from None
        if not answer.is_success:
            raise AlertmanagerError(f"{self.url} shows no metrics (status {answer.status_code})")
        return answer.text

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        try:
            answer = self._client.request(method, self._base.join(f"api/v2/{path}"), **how)
        except httpx.TimeoutException:
            raise AlertmanagerError(f"{self.url} has not answered within {_TIMEOUT_SECONDS:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AlertmanagerError(f"Alertmanager does not answer at {self.url}: {error}") from None
        if "date" in answer.headers:
            self.now = _date(answer.headers["date"]) or self.now
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise AlertmanagerError(f"{self.url} wants to know who asks (status {answer.status_code})")
        content = _content(answer)
        if answer.is_success and content is not answer:
            return content
        if content is answer or answer.status_code == httpx.codes.NOT_FOUND:
            raise AlertmanagerError(
                f"{self.url} is no Alertmanager: it answers {answer.status_code} to /api/v2/{path.partition('/')[0]}"
            )
        said = content.get("message") if isinstance(content, dict) else content
        raise AlertmanagerError(f"Alertmanager refuses: {' '.join(str(said).split())}")

    def _read(self, read: Callable[[], _Read]) -> _Read:
        try:
            return read()
        except ValueError as error:
            raise AlertmanagerError(f"{self.url} is no Alertmanager that is understood: {error}") from None


def _content(answer: httpx.Response) -> Any:
    """Return what was answered; `answer` itself if that is no JSON."""
    if not answer.content:
        return None
    try:
        return answer.json()
    except ValueError:
        return answer


def _objects(content: Any) -> list[Reader]:
    return Reader({"answer": content}).objects("answer")


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None
