"""Alerts from JSON, of which nothing is taken for granted."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

from apivitals.alerts.alert import Alert, AlertGroup, Status
from apivitals.alerts.standing import Matcher, Silence, Standing

# Go writes as many digits of a second as there are; Python 3.10 reads three or six of them, and no Z
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
_MICROSECOND_DIGITS = 6
_NEVER = 1  # the year of Go's zero time
_STATUSES: tuple[Status, ...] = get_args(Status)


class Reader:
    """An object of JSON, and where in the whole it is.

    Each method raises ValueError, naming the place, for what is not there or is something else.
    """

    def __init__(self, content: Any, place: str = "") -> None:
        if not isinstance(content, Mapping):
            raise ValueError(f"{place or 'the whole'} should be an object")  # noqa: TRY004  # one kind of error for all
        self._content = content
        self._place = place

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string."""
        value = self._content.get(key, default)
        if not isinstance(value, str):
            raise ValueError(f"{self._at(key)} should be a string")  # noqa: TRY004  # as above
        return value

    def number(self, key: str) -> int:
        """Return a whole number, 0 if it is not there."""
        value = self._content.get(key) or 0
        if not isinstance(value, int):
            raise ValueError(f"{self._at(key)} should be a number")  # noqa: TRY004  # as above
        return value

    def texts(self, key: str) -> dict[str, str]:
        """Return an object of strings, such as labels; none is an empty one."""
        value = self._content.get(key) or {}
        if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
            raise ValueError(f"{self._at(key)} should be an object of strings")
        return dict(value)

    def status(self, key: str) -> Status:
        """Return firing or resolved."""
        text = self.text(key)
        found = next((status for status in _STATUSES if status == text), None)
        if found is None:
            raise ValueError(f"{self._at(key)} is {text!r} and should be {' or '.join(_STATUSES)}")
        return found

    def time(self, key: str) -> datetime:
        """Return a time with its zone."""
        text = self.text(key)
        match = _TIME.fullmatch(text)
        with contextlib.suppress(ValueError):  # it may look like a time and be none: 25 o'clock
            if match is not None:
                seconds, fraction, zone = match.groups()
                digits = (fraction or "")[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0")
                return datetime.fromisoformat(f"{seconds}.{digits}{'+00:00' if zone == 'Z' else zone}")
        raise ValueError(f"{self._at(key)} is {text!r} and should be a time as in RFC 3339")

    def time_or_never(self, key: str) -> datetime | None:
        """Return a time; None for Go's zero time."""
        time = self.time(key)
        return None if time.year == _NEVER else time

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._content.get(key, default)
        if not isinstance(value, bool):
            raise ValueError(f"{self._at(key)} should be true or false")  # noqa: TRY004  # as above
        return value

    def list_of_texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; none is an empty one."""
        value = self._content.get(key) or []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValueError(f"{self._at(key)} should be a list of strings")
        return tuple(value)

    def objects(self, key: str) -> list[Reader]:
        """Return a list of objects."""
        value = self._content.get(key)
        if not isinstance(value, list):
            raise ValueError(f"{self._at(key)} should be a list")  # noqa: TRY004  # as above
        return [Reader(one, f"{self._at(key)}[{index}]") for index, one in enumerate(value)]

    def object(self, key: str) -> Reader:
        """Return an object."""
        return Reader(self._content.get(key), self._at(key))

    def _at(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key


def notified(content: Any) -> tuple[Alert, ...]:
    """Read a webhook's notification, version 4.

    Raises:
        ValueError: it is none; the message says what is wrong, and where.
    """
    whole = Reader(content)
    version = whole.text("version")
    if version != "4":
        raise ValueError(f"version is {version!r}, and 4 is what is understood: is it Alertmanager that posts?")
    group = AlertGroup(
        key=whole.text("groupKey", ""),
        status=whole.status("status"),
        receiver=whole.text("receiver", ""),
        labels=whole.texts("groupLabels"),
        common_labels=whole.texts("commonLabels"),
        common_annotations=whole.texts("commonAnnotations"),
        alertmanager_url=whole.text("externalURL", ""),
        truncated_alerts=whole.number("truncatedAlerts"),
    )
    return tuple(_alert(one, group) for one in whole.objects("alerts"))


def _alert(one: Reader, group: AlertGroup) -> Alert:
    status = one.status("status")
    return Alert(
        status=status,
        labels=one.texts("labels"),
        annotations=one.texts("annotations"),
        starts_at=one.time("startsAt"),
        ends_at=one.time_or_never("endsAt") if status == "resolved" else None,
        fingerprint=one.text("fingerprint"),
        generator_url=one.text("generatorURL", ""),
        group=group,
    )


def standing(one: Reader, silences: Mapping[str, Silence]) -> Standing:
    """Read one alert of ``/api/v2/alerts``, with the silences that there are by their ids.

    Raises:
        ValueError: it is none.
    """
    status = one.object("status")
    return Standing(
        alert=Alert(
            status="firing",
            labels=one.texts("labels"),
            annotations=one.texts("annotations"),
            starts_at=one.time("startsAt"),
            ends_at=None,
            fingerprint=one.text("fingerprint"),
            generator_url=one.text("generatorURL", ""),
        ),
        silences=tuple(silences[name] for name in status.list_of_texts("silencedBy") if name in silences),
        inhibited_by=status.list_of_texts("inhibitedBy"),
    )


def silence(one: Reader) -> Silence:
    """Read one silence of ``/api/v2/silences``.

    Raises:
        ValueError: it is none.
    """
    return Silence(
        id=one.text("id"),
        is_active=one.object("status").text("state") == "active",
        author=one.text("createdBy", ""),
        comment=one.text("comment", ""),
        starts_at=one.time("startsAt"),
        ends_at=one.time("endsAt"),
        matchers=tuple(
            Matcher(
                matcher.text("name"),
                matcher.text("value"),
                is_regex=matcher.flag("isRegex", default=False),
                is_equal=matcher.flag("isEqual", default=True),
            )
            for matcher in one.objects("matchers")
        ),
    )
