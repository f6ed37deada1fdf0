"""Who is told of which alert, as Alertmanager's own tool finds it: every severity with every priority."""

import subprocess

import pytest

from tests.alertmanager_config.files import told, written
from tests.alertmanager_config.test_files import EVERYBODY
from tests.support.servers import needs

SEVERITIES = ("critical", "warning", "info", "page", "")
PRIORITIES = ("critical", "high", "medium", "low", "")
"""Of traffic; and of what is about a machine, which has none."""

EXPECTED = {
    # EVERYBODY has PagerDuty for critical and high priority, a channel for what is critical, and another for all
    ("critical", "critical"): "pagerduty slack slack-2 email webhook",
    ("critical", "high"): "pagerduty slack slack-2 email webhook",
    ("critical", "medium"): "slack slack-2 email webhook",
    ("critical", "low"): "slack slack-2 email webhook",
    ("critical", ""): "pagerduty slack slack-2 email webhook",
    **{("warning", priority): "slack-2 email webhook" for priority in PRIORITIES},
    **{("info", priority): "slack-2 webhook" for priority in PRIORITIES},
    # Not ours: nobody has graded it, and it is not lost
    **{("page", priority): "slack-2 email webhook" for priority in PRIORITIES},
    **{("", priority): "slack-2 email webhook" for priority in PRIORITIES},
}


def routed(path, receivers, **labels):
    """Whether alerts with these labels go to these receivers, in amtool's opinion."""
    needs("amtool")
    command = ["amtool", "config", "routes", "test", f"--config.file={path}", f"--verify.receivers={receivers}"]
    given = [f"{name}={value}" for name, value in labels.items() if value]
    return subprocess.run([*command, *given], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def everybody(tmp_path_factory):
    return written(tmp_path_factory.mktemp("everybody"), told(EVERYBODY))


@pytest.fixture(scope="module")
def nobody(tmp_path_factory):
    return written(tmp_path_factory.mktemp("nobody"), told())


@pytest.mark.parametrize("priority", PRIORITIES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_severity_and_priority_choose_who_is_told(severity, priority, everybody):
    receivers = EXPECTED[severity, priority].replace(" ", ",")
    assert routed(everybody, receivers, alertname="ApiErrorRateHigh", severity=severity, priority=priority)


def test_a_wrong_expectation_would_be_seen(everybody):
    """What makes the test above one that can fail."""
    assert not routed(everybody, "slack", severity="critical", priority="critical")


def test_the_dead_mans_switch_goes_to_its_own_receiver_alone(everybody):
    assert routed(everybody, "dead-mans-switch", alertname="ApiWatchdog", severity="none")


@pytest.mark.parametrize("severity", [*SEVERITIES, "none"])
def test_without_receivers_nobody_is_told(severity, nobody):
    assert routed(nobody, "nowhere", alertname="ApiErrorRateHigh", severity=severity, priority="critical")


def test_defaults_of_receivers(tmp_path):
    """PagerDuty calls for what is critical; mail is not written for what is merely to be known."""
    receivers = {
        kind: {key: value for key, value in EVERYBODY[kind].items() if key != "priorities"}
        for kind in ("pagerduty", "email", "webhook")
    }
    path = written(tmp_path, told(receivers))
    assert routed(path, "pagerduty,email,webhook", severity="critical", priority="low")
    assert routed(path, "email,webhook", severity="warning", priority="critical")
    assert routed(path, "webhook", severity="info")
