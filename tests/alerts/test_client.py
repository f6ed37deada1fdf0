"""Alertmanager's API, of a real one; and what is said of what is none."""

from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from apivitals.alerts.acknowledging import acknowledge, take_back
from apivitals.alerts.client import Alertmanager, AlertmanagerError
from apivitals.alerts.finding import NotFoundError, one_alert
from apivitals.alerts.standing import stable_matchers
from tests.alerts.notification import ERRORS
from tests.support import alertmanager as real
from tests.support.servers import ROOT, eventually, free_port

CPU = {"alertname": "ApiCpuHigh", "job": "shop", "severity": "warning"}
HOUR = timedelta(hours=1)
SHIPPED = ROOT / "alertmanager/alertmanager.yml"


@pytest.fixture
def running():
    with real.alertmanager(SHIPPED) as server:
        yield server


@pytest.fixture
def client(running):
    with Alertmanager(running.url) as connected:
        yield connected


def ack(client, target, *, all_instances=False, comment="looking"):
    found = one_alert(target, client.alerts())
    return acknowledge(client, found, author="alice", comment=comment, duration=HOUR, all_instances=all_instances)


def states(client):
    return {(one.alert.name, one.alert.labels.get("instance")): one.state for one in client.alerts()}


def test_what_fires_with_what_keeps_it_quiet(running, client):
    running.fire(ERRORS, {**ERRORS, "severity": "warning"}, annotations={"summary": "12 % fail"})
    eventually(lambda: any(one.state == "inhibited" for one in client.alerts()), "one is inhibited")
    by_severity = {one.alert.severity: one for one in client.alerts()}
    critical, warning = by_severity["critical"], by_severity["warning"]
    assert (critical.state, critical.alert.status, critical.alert.summary) == ("firing", "firing", "12 % fail")
    assert warning.inhibited_by == (critical.alert.fingerprint,)
    assert abs(client.now - critical.alert.starts_at) < timedelta(minutes=1)


def test_matchers_choose(running, client):
    running.fire(ERRORS, CPU)
    assert [one.alert.name for one in client.alerts(['alertname="ApiCpuHigh"', 'job=~"sh.*"'])] == ["ApiCpuHigh"]
    assert client.alerts(['job="bank"']) == []
    with pytest.raises(AlertmanagerError, match="Alertmanager refuses: bad matcher format"):
        client.alerts(["{"])


def test_an_acknowledgement_is_a_silence_for_one_alert(running, client):
    running.fire({**CPU, "instance": "a"}, {**CPU, "instance": "b"}, ERRORS)
    target = next(one for one in client.alerts() if one.alert.labels.get("instance") == "a").alert.fingerprint
    made = ack(client, target)
    assert made.fingerprints == (target,)
    assert states(client) == {
        ("ApiCpuHigh", "a"): "acked",
        ("ApiCpuHigh", "b"): "firing",
        (ERRORS["alertname"], None): "firing",
    }
    (silence,) = running.silences()
    assert (silence["id"], silence["createdBy"], silence["comment"]) == (made.id, "alice", "looking")
    assert {matcher["name"]: matcher["value"] for matcher in silence["matchers"]} == {**CPU, "instance": "a"}


def test_it_holds_for_a_replaced_pod_but_not_for_what_is_critical(running, client):
    running.fire({**CPU, "pod": "shop-1"})
    ack(client, "ApiCpuHigh")
    running.resolve({**CPU, "pod": "shop-1"})
    running.fire({**CPU, "pod": "shop-2"}, {**CPU, "severity": "critical"})
    assert {one.alert.severity: one.state for one in client.alerts()} == {"warning": "acked", "critical": "firing"}


def test_of_all_instances(running, client):
    running.fire({**CPU, "instance": "a"}, {**CPU, "instance": "b"})
    one = client.alerts()[0].alert.fingerprint
    assert len(ack(client, one, all_instances=True).fingerprints) == 2
    assert set(states(client).values()) == {"acked"}


def test_a_second_one_renews_the_first(running, client):
    running.fire(CPU)
    first, second = ack(client, "ApiCpuHigh"), ack(client, "ApiCpuHigh", comment="still looking")
    active = [one for one in running.silences() if one["status"]["state"] == "active"]
    assert [(one["id"], one["comment"]) for one in active] == [(second.id, "still looking")]
    assert first.id == second.id


def test_taking_it_back(running, client):
    running.fire(CPU, ERRORS)
    made = ack(client, "ApiCpuHigh")
    ack(client, ERRORS["alertname"])
    assert [one.id for one in take_back(client, "ApiCpuHigh")] == [made.id]
    assert states(client) == {("ApiCpuHigh", None): "firing", (ERRORS["alertname"], None): "acked"}
    with pytest.raises(NotFoundError, match="ApiCpuHigh is not acknowledged"):
        take_back(client, "ApiCpuHigh")


def test_a_maintenance_is_not_taken_back_by_the_way(running, client):
    running.fire(CPU, ERRORS)
    name = running.silence("new disks", job="shop")
    assert set(states(client).values()) == {"silenced"}
    with pytest.raises(NotFoundError) as caught:
        take_back(client, "ApiCpuHigh")
    assert f"silenced with others by {name} (operations: new disks)" in str(caught.value)
    assert set(states(client).values()) == {"silenced"}
    assert [one.id for one in take_back(client, name)] == [name]
    assert set(states(client).values()) == {"firing"}


def test_of_an_alert_that_is_over(running, client):
    running.fire(CPU)
    made = ack(client, "ApiCpuHigh")
    running.resolve(CPU)
    assert client.alerts() == []
    assert [one.id for one in take_back(client, "ApiCpuHigh")] == [made.id]


def test_labels_of_every_kind(running, client):
    labels = {**CPU, "http_route": '/a/{b}"\\ ~^$é', "instance": "[::1]:8000"}
    running.fire(labels)
    ack(client, "ApiCpuHigh")
    assert set(states(client).values()) == {"acked"}
    assert len(take_back(client, "ApiCpuHigh")) == 1


def test_below_a_path():
    with (
        real.alertmanager(SHIPPED, "--web.route-prefix=/alerting/", ready="/alerting/-/ready") as running,
        Alertmanager(f"{running.url}/alerting/") as client,
    ):
        assert client.alerts() == []


def refused(url, token=None):
    with pytest.raises(AlertmanagerError) as caught, Alertmanager(url, token) as client:
        client.alerts()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_nobody_there():
    url = f"http://127.0.0.1:{free_port()}"
    assert refused(url).startswith(f"Alertmanager does not answer at {url}: ")


@pytest.mark.parametrize("url", ["shop", "", "ftp://a", "http://", "http://a:b"])
def test_no_url(url):
    assert f"{url} is no URL" in refused(url)


@pytest.fixture
def impostor():
    """A server that answers as it is told, and keeps what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        status, body = 200, b""
        asked: ClassVar[list[str]] = []

        def do_GET(self) -> None:
            self.asked.append(self.headers.get("authorization", ""))
            self.send_response(self.status)
            self.send_header("content-length", str(len(self.body)))
            self.end_headers()
            self.wfile.write(self.body)

        def log_message(self, format, *args):  # noqa: A002  # the signature that is there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    Handler.asked = []
    yield Handler, f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"<html>hello</html>", "is no Alertmanager: it answers 200 to /api/v2/alerts"),
        (404, b"404 page not found", "is no Alertmanager: it answers 404"),
        (404, b'{"detail": "Not Found"}', "is no Alertmanager: it answers 404"),
        (502, b"<html>bad gateway</html>", "is no Alertmanager: it answers 502"),
        (401, b"", "wants to know who asks (status 401)"),
        (500, b'{"code": 500, "message": "out of\\nmemory"}', "Alertmanager refuses: out of memory"),
        (200, b'{"status": "success"}', "is no Alertmanager that is understood: answer should be a list"),
        (200, b"", "is no Alertmanager that is understood: answer should be a list"),
    ],
)
def test_what_is_no_alertmanager(impostor, status, body, said):
    handler, address = impostor
    handler.status, handler.body = status, body
    assert said in refused(f"http://{address}")


def test_who_asks_is_told_and_never_shown(impostor):
    handler, address = impostor
    handler.status, handler.body = 401, b""
    refused(f"http://{address}", token="s3cret")  # noqa: S106  # of a test
    message = refused(f"http://me:s3cret@{address}")
    assert handler.asked == ["Bearer s3cret", "Basic bWU6czNjcmV0"]
    assert "s3cret" not in message


def test_matchers_of_an_acknowledgement_are_the_alerts_labels():
    assert {matcher.name for matcher in stable_matchers(CPU)} == set(CPU)
