"""Alertmanager's notifications, as it posts them."""

import json
from collections.abc import Mapping
from typing import Any

TOKEN = "s3cret"  # noqa: S105  # of a test
SHOWN = {"authorization": f"Bearer {TOKEN}"}
ERRORS = {"alertname": "ApiErrorRateHigh", "job": "shop", "severity": "critical", "priority": "high"}


def one(status: str = "firing", fingerprint: str = "5fc9a15845a61d51", **changed: Any) -> dict[str, Any]:
    """One alert."""
    return {
        "status": status,
        "labels": ERRORS,
        "annotations": {"summary": "12 % fail", "description": "Look first at database."},
        "startsAt": "2026-11-21T12:12:00.317649123Z",
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2026-11-21T12:22:01+01:00",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": fingerprint,
        **changed,
    }


def notification(*alerts: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    """Those alerts in a group."""
    return {
        "version": "4",
        "groupKey": '{}/{severity="critical"}/{}:{alertname="ApiErrorRateHigh"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "webhook",
        "groupLabels": {"alertname": "ApiErrorRateHigh"},
        "commonLabels": ERRORS,
        "commonAnnotations": {"summary": "12 % fail"},
        "externalURL": "http://alertmanager.example",
        "alerts": list(alerts or [one()]),
        **changed,
    }


def posted(*alerts: Mapping[str, Any], **changed: Any) -> bytes:
    """The notification's body."""
    return json.dumps(notification(*alerts, **changed)).encode()
