"""What people read, sent by a real Alertmanager to servers that keep it."""

import pytest

from tests.alertmanager_config.files import AT_ONCE, told, written
from tests.support.alertmanager import alertmanager
from tests.support.servers import eventually
from tests.support.sinks import http_sink, mail_sink

ERRORS = {"alertname": "ApiErrorRateHigh", "job": "shop", "priority": "high", "severity": "critical"}
TEXTS = {
    "summary": "12 % of the high requests of shop fail <5xx> & rise",
    "description": "Look first at database: 80 % of the response time.\nMost are POST /orders.",
    "runbook_url": "https://runbooks.example/docs/runbooks/traffic.md#apierrorratehigh",
    "dashboard_url": "https://grafana.example/d/apivitals-service?var-job=shop&var-priority=high",
}


@pytest.fixture
def world(tmp_path):
    """An Alertmanager that tells everybody at once, and what they heard."""
    with http_sink() as http, mail_sink() as mail:
        secrets = {"slack": f"{http.url}/slack\n", "pagerduty": "a-routing-key\n", "token": "s3cret\n"}
        for name, secret in secrets.items():
            (tmp_path / name).write_text(secret)
        receivers = {
            "slack": {"api_url_file": str(tmp_path / "slack"), "channel": "#incidents"},
            "pagerduty": {"routing_key_file": str(tmp_path / "pagerduty"), "url": f"{http.url}/pagerduty"},
            "email": {
                "to": ["a@example.com", "b@example.com"],
                "from": "apivitals@example.com",
                "smarthost": mail.address,
                "require_tls": False,
            },
            "webhook": {"url": f"{http.url}/webhook", "token_file": str(tmp_path / "token")},
            "dead_mans_switch": {"url": f"{http.url}/heartbeat"},
        }
        with alertmanager(written(tmp_path, told(receivers), replace=AT_ONCE)) as running:
            yield running, http, mail


def sent_to(http, path, count=1):
    """The first posts to a path; each has so many."""

    def there():
        return len([posted for posted in http.posted if posted.path == path]) >= count

    eventually(there, f"{count} posts to {path}")
    return [posted for posted in http.posted if posted.path == path][:count]


def test_slack(world):
    running, http, _ = world
    running.fire(ERRORS, annotations=TEXTS)
    (posted,) = sent_to(http, "/slack")
    assert posted.content["channel"] == "#incidents"
    (message,) = posted.content["attachments"]
    assert message["title"] == "🔴 CRITICAL shop: ApiErrorRateHigh (high priority)"
    assert message["color"] == "danger"
    lines = message["text"].splitlines()
    assert lines[0] == "*12 % of the high requests of shop fail &lt;5xx&gt; &amp; rise*"
    assert lines[1:3] == TEXTS["description"].splitlines()
    assert lines[3].startswith("Since 20")
    assert lines[4] == f"<{TEXTS['dashboard_url']}|Dashboard> · <{TEXTS['runbook_url']}|Runbook>"
    silence = (
        "http://alertmanager.example/#/silences/new?filter=%7Balertname%3D%22ApiErrorRateHigh%22%2Cjob%3D%22shop%22"
    )
    assert lines[6].startswith(f"<{silence}")
    running.resolve(ERRORS, annotations=TEXTS)
    (message,) = sent_to(http, "/slack", 2)[1].content["attachments"]
    assert message["title"] == "✅ RESOLVED shop: ApiErrorRateHigh (high priority)"
    assert message["color"] == "good"
    over, span = message["text"].splitlines()
    assert over == "✅ Over: 12 % of the high requests of shop fail &lt;5xx&gt; &amp; rise"
    assert span.startswith("From 20")


def test_many_alerts_are_five_and_a_number(world):
    running, http, _ = world
    running.fire(*({**ERRORS, "instance": f"i{n}"} for n in range(12)), annotations=TEXTS)
    complete = "ApiErrorRateHigh (high priority) ×12"  # noqa: RUF001  # a multiplication sign, as it is meant

    def messages():
        return [one for posted in http.posted if posted.path == "/slack" for one in posted.content["attachments"]]

    eventually(lambda: any(message["title"].endswith(complete) for message in messages()), "a message of all of them")
    (message,) = (message for message in messages() if message["title"].endswith(complete))
    assert message["text"].count("|Runbook>") == 5
    assert "… 12 in all" in message["text"]


def test_pagerduty(world):
    running, http, _ = world
    running.fire(ERRORS, annotations=TEXTS)
    event = sent_to(http, "/pagerduty")[0].content
    assert (event["routing_key"], event["event_action"]) == ("a-routing-key", "trigger")
    payload = event["payload"]
    assert payload["summary"] == f"CRITICAL {TEXTS['summary']}"
    assert [payload[key] for key in ("severity", "class", "component", "group")] == [
        "critical",
        "ApiErrorRateHigh",
        "shop",
        "high",
    ]
    assert TEXTS["description"] in payload["custom_details"]["firing"]
    assert event["links"] == [
        {"href": TEXTS["runbook_url"], "text": "Runbook"},
        {"href": TEXTS["dashboard_url"], "text": "Dashboard"},
    ]
    running.resolve(ERRORS, annotations=TEXTS)
    over = sent_to(http, "/pagerduty", 2)[1].content
    assert (over["event_action"], over["dedup_key"]) == ("resolve", event["dedup_key"])


def test_without_a_dashboard_there_is_no_empty_link(world):
    running, http, _ = world
    running.fire(ERRORS, annotations={"summary": "s", "runbook_url": TEXTS["runbook_url"]})
    assert [link["text"] for link in sent_to(http, "/pagerduty")[0].content["links"]] == ["Runbook"]
    (message,) = sent_to(http, "/slack")[0].content["attachments"]
    assert "Dashboard" not in message["text"]


def test_email(world):
    running, _, mail = world
    running.fire(ERRORS, annotations=TEXTS)
    eventually(lambda: bool(mail.mails), "a mail")
    message = mail.mails[0]
    assert message["subject"] == "🔴 CRITICAL shop: ApiErrorRateHigh (high priority)"
    assert message["to"] == "a@example.com, b@example.com"
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    text = text.replace("\r\n", "\n")
    assert text.startswith(f"{TEXTS['summary']}\n{TEXTS['description']}\nSince 20")
    assert TEXTS["dashboard_url"] in text
    assert "12 % of the high requests of shop fail &lt;5xx&gt; &amp; rise" in html
    assert TEXTS["dashboard_url"].replace("&", "&amp;") in html
    assert 'name="viewport"' in html


def test_webhook_shows_its_token(world):
    running, http, _ = world
    running.fire(ERRORS, annotations=TEXTS)
    (posted,) = sent_to(http, "/webhook")
    assert posted.headers["authorization"] == "Bearer s3cret"
    assert posted.content["version"] == "4"
    assert posted.content["alerts"][0]["labels"] == ERRORS


def test_other_peoples_alerts_are_readable_too(world):
    """Rules of others have neither a severity nor a summary that we know."""
    running, http, _ = world
    running.fire({"alertname": "PodCrash", "pod": "a"})
    (message,) = sent_to(http, "/slack")[0].content["attachments"]
    assert (message["title"], message["color"]) == ("🟠 ALERT PodCrash", "warning")
    assert message["text"].startswith("*PodCrash*\n")


def test_the_dead_mans_switch_beats_and_tells_nobody_else(world):
    running, http, mail = world
    running.fire({"alertname": "ApiWatchdog", "severity": "none"})
    sent_to(http, "/heartbeat")
    running.fire(ERRORS, annotations=TEXTS)
    sent_to(http, "/slack")
    eventually(lambda: bool(mail.mails), "a mail")
    everything = [str(posted.content) for posted in http.posted if posted.path != "/heartbeat"]
    assert not any("ApiWatchdog" in content for content in everything)


def test_a_group_is_one_message(world):
    """Alerts of one kind, service and priority come together; another priority's on its own."""
    running, http, _ = world
    running.fire(*({**ERRORS, "instance": f"i{n}"} for n in range(3)), {**ERRORS, "priority": "low"}, annotations=TEXTS)

    def priorities():
        heard = [posted.content["alerts"] for posted in http.posted if posted.path == "/webhook"]
        return [[alert["labels"]["priority"] for alert in alerts] for alerts in heard]

    eventually(lambda: ["high"] * 3 in priorities() and ["low"] in priorities(), "one message of three, and one of one")
    assert all(len(set(one)) == 1 for one in priorities())
