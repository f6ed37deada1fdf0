"""Receivers as Alertmanager's integrations, with texts from the templates and secrets from files.

Fields are those of Alertmanager 0.25, which has no file for a webhook's URL.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from apivitals.objectives.receivers import DeadMansSwitch, Email, PagerDuty, Slack, Webhook


def _template(name: str) -> str:
    return f'{{{{ template "apivitals.{name}" . }}}}'


@singledispatch
def integration(receiver: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the key of a receiver in Alertmanager's file, and what is under it."""
    raise TypeError(f"{type(receiver).__name__} is no receiver")


@integration.register
def _(slack: Slack) -> dict[str, list[dict[str, Any]]]:
    return {
        "slack_configs": [
            {
                "api_url_file": slack.api_url_file,
                **({"channel": slack.channel} if slack.channel else {}),
                "send_resolved": True,
                "color": _template("color"),
                "fallback": _template("title"),
                "title": _template("title"),
                "text": _template("slack.text"),
            }
        ]
    }


@integration.register
def _(email: Email) -> dict[str, list[dict[str, Any]]]:
    log_in: dict[str, str] = {}
    if email.username is not None and email.password_file is not None:
        log_in = {"auth_username": email.username, "auth_password_file": email.password_file}
    return {
        "email_configs": [
            {
                "to": ", ".join(email.to),
                "from": email.sender,
                "smarthost": email.smarthost,
                **log_in,
                "require_tls": email.require_tls,
                "send_resolved": True,
                "headers": {"Subject": _template("title")},
                "text": _template("text"),
                "html": _template("email.html"),
            }
        ]
    }


@integration.register
def _(pagerduty: PagerDuty) -> dict[str, list[dict[str, Any]]]:
    return {
        "pagerduty_configs": [
            {
                "routing_key_file": pagerduty.routing_key_file,
                "url": pagerduty.url,
                "send_resolved": True,
                "severity": _template("pagerduty.severity"),
                "description": _template("line"),
                "class": "{{ .CommonLabels.alertname }}",
                "component": "{{ .CommonLabels.job }}",
                "group": "{{ .CommonLabels.priority }}",
                "details": {"firing": _template("firing"), "resolved": _template("over")},
                "links": [
                    {"href": "{{ .CommonAnnotations.runbook_url }}", "text": "Runbook"},
                    {"href": "{{ .CommonAnnotations.dashboard_url }}", "text": "Dashboard"},
                ],
            }
        ]
    }


@integration.register(Webhook)
@integration.register(DeadMansSwitch)
def _(webhook: Webhook | DeadMansSwitch) -> dict[str, list[dict[str, Any]]]:
    content: dict[str, Any] = {"url": webhook.url, "send_resolved": isinstance(webhook, Webhook)}
    if webhook.token_file is not None:
        content["http_config"] = {"authorization": {"type": "Bearer", "credentials_file": webhook.token_file}}
    return {"webhook_configs": [content]}
