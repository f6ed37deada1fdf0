"""Who is told of alerts, and how: receivers of Alertmanager, each for some severities and priorities.

Secrets are never in the file: where one is needed, the key takes the path of a file on Alertmanager's machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import core_schema

from apivitals.catalog import PRIORITIES, Priority
from apivitals.objectives.service_class import Severity
from apivitals.objectives.values import Section

_ADDRESS = re.compile(r"[^@\s,]+@[^@\s,]+")
_SMARTHOST = re.compile(r"[^\s:/]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}")


def _absolute(value: str) -> str:
    if not PurePosixPath(value).is_absolute() and not PureWindowsPath(value).is_absolute():
        raise ValueError(
            "give the file's absolute path on Alertmanager's machine, such as /etc/alertmanager/slack: it looks for a"
            " relative one in the directory that it was started in"
        )
    return value


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(map(str.isspace, value)):
        raise ValueError("give a URL: https://host/path")
    return value


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError("give an e-mail address: oncall@example.com")
    return value


def _smarthost(value: str) -> str:
    if not _SMARTHOST.fullmatch(value):
        raise ValueError("give the mail server's host and port: smtp.example.com:587")
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("give at least one")
    return tuple(dict.fromkeys(values))


class _OneOrSeveral:
    """Takes one value in place of a list of one, and says so in the JSON Schema."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def several(value: Any) -> Any:
            if value is None:
                return ()
            return value if isinstance(value, (list, tuple)) else (value,)

        return core_schema.no_info_before_validator_function(several, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


SecretFile = Annotated[str, AfterValidator(_absolute)]
Url = Annotated[str, AfterValidator(_url)]
Address = Annotated[str, AfterValidator(_address)]
Smarthost = Annotated[str, AfterValidator(_smarthost)]
SomeSeverities = Annotated[tuple[Severity, ...], AfterValidator(_distinct), _OneOrSeveral()]
SomePriorities = Annotated[tuple[Priority, ...], AfterValidator(_distinct), _OneOrSeveral()]


class Receiver(Section):
    """Somebody to be told, of alerts with one of these severities and priorities."""

    severities: SomeSeverities = Field(("critical", "warning", "info"), description="Of which severities.")
    priorities: SomePriorities = Field(
        PRIORITIES,
        description="Of traffic of which priorities. Alerts about a machine, or a whole service, have none and pass.",
    )


class Slack(Receiver):
    """A channel in Slack, by an incoming webhook."""

    api_url_file: SecretFile = Field(description="File with the incoming webhook's URL.")
    channel: str | None = Field(
        None, min_length=1, description="Channel, where the webhook may choose one, as `#incidents`."
    )


class Email(Receiver):
    """E-mail, through a mail server."""

    model_config = ConfigDict(populate_by_name=True)

    to: Annotated[tuple[Address, ...], AfterValidator(_distinct), _OneOrSeveral()] = Field(description="To whom.")
    sender: Address = Field(alias="from", description="From whom.")
    smarthost: Smarthost = Field(description="Mail server and port, as `smtp.example.com:587`.")
    username: str | None = Field(None, min_length=1, description="Name to log in with.")
    password_file: SecretFile | None = Field(None, description="File with the password to log in with.")
    require_tls: bool = Field(default=True, description="Send nothing in clear text.")
    severities: SomeSeverities = Field(("critical", "warning"), description="Of which severities.")

    @model_validator(mode="after")
    def _log_in_whole(self) -> Email:
        if (self.username is None) != (self.password_file is None):
            raise ValueError("username and password_file go together")
        return self


class PagerDuty(Receiver):
    """A service in PagerDuty, by an integration of the kind Events API v2."""

    routing_key_file: SecretFile = Field(description="File with the integration key.")
    url: Url = Field(
        "https://events.pagerduty.com/v2/enqueue",
        description="Its API; accounts in Europe have `https://events.eu.pagerduty.com/v2/enqueue`.",
    )
    severities: SomeSeverities = Field(("critical",), description="Of which severities.")


class Webhook(Receiver):
    """An HTTP endpoint that takes Alertmanager's JSON; the service's own, if it has `alert_webhook` on."""

    url: Url = Field(description="Where to post to, as `http://127.0.0.1:8000/-/alerts`.")
    token_file: SecretFile | None = Field(None, description="File with a bearer token to show.")


class DeadMansSwitch(Section):
    """A service that calls when it hears nothing any more: it is posted to each minute while alerting works."""

    url: Url = Field(description="Where to post to.")
    token_file: SecretFile | None = Field(None, description="File with a bearer token to show.")


def _off(value: Any) -> Any:
    return None if value in (False, "off") else value


class Receivers(Section):
    """Who is told. Without any, alerts are seen in Prometheus and Alertmanager, and nobody is told."""

    slack: Annotated[tuple[Slack, ...], _OneOrSeveral()] = Field((), description="Channels in Slack.")
    email: Annotated[tuple[Email, ...], _OneOrSeveral()] = Field((), description="E-mail.")
    pagerduty: Annotated[tuple[PagerDuty, ...], _OneOrSeveral()] = Field((), description="Services in PagerDuty.")
    webhook: Annotated[tuple[Webhook, ...], _OneOrSeveral()] = Field((), description="HTTP endpoints.")
    dead_mans_switch: Annotated[DeadMansSwitch | None, BeforeValidator(_off)] = Field(
        None, description="A service that calls when it hears nothing any more."
    )

    def named(self) -> Iterator[tuple[str, Receiver]]:
        """Yield each with the name that it has in Alertmanager: ``slack``, ``slack-2``."""
        for kind in ("pagerduty", "slack", "email", "webhook"):
            for number, receiver in enumerate(getattr(self, kind), start=1):
                yield (kind if number == 1 else f"{kind}-{number}"), receiver
