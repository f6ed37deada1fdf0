"""How alerts stand, what acknowledges them, what changed, and which one is meant."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apivitals.alerts.alert import Alert
from apivitals.alerts.changes import changes
from apivitals.alerts.duration import parse, spelled
from apivitals.alerts.finding import NotFoundError, one_alert
from apivitals.alerts.standing import Matcher, Silence, Standing, stable_matchers

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=timezone.utc)
LABELS = {"alertname": "ApiCpuHigh", "job": "shop", "instance": "a:8000", "severity": "warning"}


def silence(*matchers, name="s1"):
    return Silence(name, True, "alice", "looking", NOON, NOON + timedelta(hours=2), matchers)  # noqa: FBT003  # is_active


def standing(fingerprint="0a1b2c3d", *, silences=(), inhibited_by=(), starts_at=NOON, **labels):
    alert = Alert("firing", {**LABELS, **labels}, {}, starts_at, None, fingerprint, "")
    return Standing(alert, tuple(silences), tuple(inhibited_by))


ACK = silence(Matcher("alertname", "ApiCpuHigh"), Matcher("job", "shop"))


@pytest.mark.parametrize(
    ("one", "state"),
    [
        (standing(), "firing"),
        (standing(silences=[ACK]), "acked"),
        (standing(silences=[silence(Matcher("job", "shop"))]), "silenced"),
        (standing(silences=[silence(Matcher("alertname", "Api.*", is_regex=True))]), "silenced"),
        (standing(silences=[silence(Matcher("alertname", "Other", is_equal=False))]), "silenced"),
        (standing(silences=[silence(Matcher("job", "shop")), ACK]), "acked"),
        (standing(inhibited_by=["b"]), "inhibited"),
        (standing(silences=[ACK], inhibited_by=["b"]), "acked"),
    ],
)
def test_state(one, state):
    assert one.state == state


def test_an_acknowledgement_matches_what_is_the_same_next_time():
    labels = {**LABELS, "tier": "threshold", "pod": "shop-7f9c", "prometheus_replica": "1"}
    assert [matcher.name for matcher in stable_matchers(labels)] == ["alertname", "instance", "job", "severity", "tier"]
    names = [matcher.name for matcher in stable_matchers(labels, all_instances=True)]
    assert names == ["alertname", "job", "severity", "tier"]
    assert silence(*stable_matchers(labels)).is_acknowledgement


@given(st.dictionaries(st.text(min_size=1), st.text(min_size=1)))
def test_an_acknowledgement_always_fits_its_alert(labels):
    given_labels = {**labels, "alertname": "X"}
    assert all(given_labels[matcher.name] == matcher.value for matcher in stable_matchers(given_labels))


def test_changes_between_two_looks():
    firing, other = standing("a"), standing("b")
    acked, again = standing("a", silences=[ACK]), standing("b", starts_at=NOON + timedelta(hours=1))

    def seen(before, after):
        return [(change.to, change.standing.alert.fingerprint) for change in changes(before, after)]

    assert seen([], [firing, other]) == [("firing", "a"), ("firing", "b")]
    assert seen([firing, other], [firing, other]) == []
    assert seen([firing], [acked]) == [("acked", "a")]
    assert seen([acked], [firing]) == [("firing", "a")]
    assert seen([other], [again]) == [("firing", "b")]
    assert seen([firing, other], [other]) == [("resolved", "a")]


class TestWhichAlertIsMeant:
    alerts = (
        standing("aaaabbbb11"),
        standing("aaaabbbb22", instance="b:8000"),
        standing("cccc", alertname="ApiDown"),
    )

    @pytest.mark.parametrize(
        ("target", "fingerprint"),
        [("ApiDown", "cccc"), ("ccc", "cccc"), ("aaaabbbb11", "aaaabbbb11"), ("AAAABBBB2", "aaaabbbb22")],
    )
    def test_by_name_or_by_as_much_of_the_id_as_is_needed(self, target, fingerprint):
        assert one_alert(target, self.alerts).alert.fingerprint == fingerprint

    @pytest.mark.parametrize("target", ["ApiDow", "cc", "d", "", "apidown"])
    def test_none(self, target):
        with pytest.raises(NotFoundError, match=f"no alert {target} fires"):
            one_alert(target, self.alerts)

    @pytest.mark.parametrize("target", ["ApiCpuHigh", "aaaa"])
    def test_several_are_told_apart(self, target):
        with pytest.raises(NotFoundError) as caught:
            one_alert(target, self.alerts)
        message = str(caught.value)
        assert message.startswith(f"2 alerts are {target}: aaaabbbb1 (instance=a:8000, ")
        assert "aaaabbbb2 (instance=b:8000, " in message


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("1D", 86400), ("1w", 604800), (" 90s ", 90)]
)
def test_durations_are_read(text, seconds):
    assert parse(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "0h", "2", "h", "1.5h", "30m1h", "-1h", "soon", "99999999999999w"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="is no duration: 30m"):
        parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (12, "12s"), (65, "1m"), (3660, "1h 1m"), (3605, "1h"), (90061, "1d 1h"), (-5, "0s")],
)
def test_durations_are_written(seconds, text):
    assert spelled(timedelta(seconds=seconds)) == text
