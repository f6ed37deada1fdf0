"""Receivers as the settings file has them: short forms, defaults, and what a wrong one says."""

import pytest
from pydantic import ValidationError

from apivitals.objectives.receivers import Receivers

SLACK = {"api_url_file": "/etc/alertmanager/slack"}
EMAIL = {"to": "a@example.com", "from": "b@example.com", "smarthost": "smtp.example.com:587"}


def receivers(**given):
    return Receivers.model_validate(given)


def test_without_any_nobody_is_told():
    assert list(receivers().named()) == []
    assert receivers().dead_mans_switch is None


def test_one_stands_for_a_list_of_one():
    assert receivers(slack=SLACK) == receivers(slack=[SLACK])
    one = receivers(slack={**SLACK, "severities": "critical", "priorities": "high"}).slack[0]
    assert (one.severities, one.priorities) == (("critical",), ("high",))


def test_a_key_with_nothing_below_is_none():
    assert receivers(slack=None, dead_mans_switch="off") == receivers()


def test_each_has_a_name_of_its_own():
    given = receivers(webhook=[{"url": "http://a/"}, {"url": "http://b/"}], slack=SLACK)
    assert [name for name, _ in given.named()] == ["slack", "webhook", "webhook-2"]


@pytest.mark.parametrize(
    ("given", "place", "message"),
    [
        ({"slack": {"api_url_file": "slack"}}, ("slack", 0, "api_url_file"), "absolute path on Alertmanager's machine"),
        ({"slack": {**SLACK, "api_url": "https://x"}}, ("slack", 0, "api_url"), "Extra inputs"),
        ({"slack": {}}, ("slack", 0, "api_url_file"), "Field required"),
        ({"slak": SLACK}, ("slak",), "Extra inputs"),
        ({"slack": {**SLACK, "severities": []}}, ("slack", 0, "severities"), "give at least one"),
        (
            {"slack": {**SLACK, "severities": "urgent"}},
            ("slack", 0, "severities", 0),
            "'critical', 'warning' or 'info'",
        ),
        ({"webhook": {"url": "shop:8000/alerts"}}, ("webhook", 0, "url"), "give a URL"),
        ({"webhook": {"url": "https://"}}, ("webhook", 0, "url"), "give a URL"),
        ({"email": {**EMAIL, "to": "everybody"}}, ("email", 0, "to", 0), "give an e-mail address"),
        ({"email": {**EMAIL, "smarthost": "smtp.example.com"}}, ("email", 0, "smarthost"), "host and port"),
        ({"email": {**EMAIL, "username": "me"}}, ("email", 0), "username and password_file go together"),
        ({"pagerduty": {"routing_key_file": "C:key"}}, ("pagerduty", 0, "routing_key_file"), "absolute path"),
        ({"dead_mans_switch": {"url": "x"}}, ("dead_mans_switch", "url"), "give a URL"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(given, place, message):
    with pytest.raises(ValidationError) as caught:
        receivers(**given)
    (problem,) = caught.value.errors()
    assert problem["loc"] == place
    assert message in problem["msg"]


def test_the_schema_takes_what_the_model_does():
    schema = Receivers.model_json_schema()
    one_or_several = schema["properties"]["slack"]["anyOf"]
    assert one_or_several == [{"$ref": "#/$defs/Slack"}, {"items": {"$ref": "#/$defs/Slack"}, "type": "array"}]
    assert "from" in schema["$defs"]["Email"]["properties"]
    described = [field for model in schema["$defs"].values() for field in model["properties"].values()]
    assert [field for field in described if not field.get("description")] == []
