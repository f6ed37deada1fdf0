"""Notifications as typed alerts, and what is none."""

import pickle
from datetime import datetime, timedelta, timezone

import pytest

import apivitals
from apivitals.alerts.reading import notified
from tests.alerts.notification import ERRORS, notification, one


def test_an_alert_has_what_alertmanager_says():
    (alert,) = notified(notification())
    assert isinstance(alert, apivitals.Alert)
    assert (alert.status, alert.name, alert.severity, alert.priority, alert.job) == (
        "firing",
        "ApiErrorRateHigh",
        "critical",
        "high",
        "shop",
    )
    assert (alert.summary, alert.description) == ("12 % fail", "Look first at database.")
    assert alert.labels == ERRORS
    assert alert.starts_at == datetime(2026, 11, 21, 12, 12, 0, 317649, timezone.utc)
    assert alert.ends_at is None
    assert (alert.fingerprint, alert.generator_url) == ("5fc9a15845a61d51", "http://prometheus/graph")


def test_a_resolved_one_has_an_end():
    (alert,) = notified(notification(one("resolved")))
    assert alert.status == "resolved"
    assert alert.ends_at == datetime(2026, 11, 21, 12, 22, 1, tzinfo=timezone(timedelta(hours=1)))


def test_its_group_is_there():
    (alert,) = notified(notification(truncatedAlerts=3))
    assert isinstance(alert.group, apivitals.AlertGroup)
    assert (alert.group.receiver, alert.group.status, alert.group.truncated_alerts) == ("webhook", "firing", 3)
    assert alert.group.labels == {"alertname": "ApiErrorRateHigh"}
    assert alert.group.alertmanager_url == "http://alertmanager.example"


def test_alerts_do_not_change_and_can_be_kept():
    (alert,) = notified(notification())
    with pytest.raises(AttributeError):
        alert.status = "resolved"  # type: ignore[misc]  # what is tested
    assert {alert, *notified(notification())} == {alert}
    assert pickle.loads(pickle.dumps(alert)) == alert  # noqa: S301  # our own


def test_other_peoples_alerts_may_lack_everything():
    (alert,) = notified(notification(one(labels={}, annotations=None)))
    assert (alert.name, alert.severity, alert.priority, alert.summary) == ("", None, None, None)


def test_a_group_may_be_empty():
    assert notified(notification(alerts=[])) == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "the whole should be an object"),
        ({}, "version should be a string"),
        (notification(version="3"), "version is '3', and 4 is what is understood"),
        (notification(status="burning"), "status is 'burning' and should be firing or resolved"),
        (notification(alerts={}), "alerts should be a list"),
        (notification(alerts=[3]), "alerts[0] should be an object"),
        (notification(groupLabels=[1]), "groupLabels should be an object of strings"),
        (notification(one(), one(labels={"a": 1})), "alerts[1].labels should be an object of strings"),
        (notification(one(startsAt="now")), "alerts[0].startsAt is 'now' and should be a time"),
        (notification(one(startsAt="2026-13-01T00:00:00Z")), "should be a time"),
        (notification(one("resolved", endsAt=None)), "alerts[0].endsAt should be a string"),
        (notification({**one(), "fingerprint": None}), "alerts[0].fingerprint should be a string"),
        (notification(truncatedAlerts="many"), "truncatedAlerts should be a number"),
    ],
)
def test_what_is_no_notification_is_said_with_its_place(content, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # its message is looked at below
        notified(content)
    assert message in str(caught.value)
