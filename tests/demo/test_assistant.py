"""The shop's assistant, on the partner's language models."""

import json

import httpx
import pytest

import apivitals
from apivitals.demo import completions, partner
from apivitals.demo.language_model import LanguageModel, Size
from apivitals.demo.shop.database import Database
from tests.demo.shop_text import INPUT, OUTPUT
from tests.demo.visitor import Visitor, open_shop
from tests.support.exposition import samples

CALLS = "gen_ai_client_operation_duration_seconds_count"


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    opened = Database(str(tmp_path_factory.mktemp("shop") / "shop.sqlite"))
    opened.fill()
    yield opened
    opened.close()


@pytest.fixture
def client(database, cache_url):
    with open_shop(httpx.ASGITransport(partner.app), database, cache_url) as visitor:
        yield visitor


@pytest.fixture
def failing_client(database, cache_url):
    failing = httpx.MockTransport(lambda _: httpx.Response(429, json={"detail": "too many requests"}))
    with open_shop(failing, database, cache_url) as visitor:
        yield visitor


@pytest.fixture
def hanging_client(database, cache_url):
    """A shop whose partner does not answer in time."""

    def answer(request):
        raise httpx.ReadTimeout("", request=request)

    with open_shop(httpx.MockTransport(answer), database, cache_url) as visitor:
        yield visitor


@pytest.fixture(autouse=True)
def reliable(monkeypatch):
    """Let the partner answer everything."""
    monkeypatch.setattr(completions, "_LIMITED_EVERY", 10**9)
    monkeypatch.setattr(completions, "_BROKEN_EVERY", 10**9)


@pytest.fixture
def metrics(client):
    """Read the metrics of what the shop has called since the test began."""
    vitals = apivitals.instrument(client.app)
    before = samples(vitals.metrics())
    yield lambda name, **labels: samples(vitals.metrics()).value(name, **labels) - before.value(name, **labels)
    vitals.uninstrument()


def completion(**more):
    return {"model": "story-small", "messages": [{"role": "user", "content": "What is it about?"}], **more}


def test_a_synopsis_is_written_once_and_then_kept(client, metrics):
    first, second = (client.get("/videos/11/synopsis").json() for _ in range(2))
    assert first == second
    assert first["title"]
    assert len(first["synopsis"].split()) == 48
    assert metrics(CALLS, gen_ai_request_model="story-small", feature="synopsis", error_type="") == 1
    assert metrics("gen_ai_client_token_usage_sum", feature="synopsis", **OUTPUT) == 48
    assert metrics("apivitals_cache_requests_total", cache="synopses", result="miss") == 1
    assert metrics("apivitals_cache_requests_total", cache="synopses", result="hit") == 1


def test_without_the_model_a_film_has_no_synopsis(failing_client):
    answer = failing_client.get("/videos/12/synopsis")
    assert answer.status_code == 200
    assert answer.json()["synopsis"] is None


def test_a_partner_that_hangs_has_nothing_to_say(hanging_client):
    vitals = apivitals.instrument(hanging_client.app)
    synopsis = hanging_client.get("/videos/13/synopsis")
    answer = hanging_client.post("/concierge", json={"text": "Hello?"})
    page = samples(vitals.metrics())
    vitals.uninstrument()
    assert (synopsis.status_code, synopsis.json()["synopsis"]) == (200, None)
    assert answer.text.startswith("Excuse me")
    for feature in ("synopsis", "concierge"):
        assert page.value(CALLS, feature=feature, error_type="httpx.ReadTimeout") == 1


def test_a_missing_film_has_no_synopsis(client):
    assert client.get("/videos/401/synopsis").status_code == 404


def test_the_concierge_answers_word_by_word(client, metrics):
    answer = client.post("/concierge", json={"text": "What do you advise?"})
    assert answer.status_code == 200
    assert len(answer.text.split()) == 48
    model = {"gen_ai_request_model": "story-large", "feature": "concierge"}
    assert metrics(CALLS, **model, error_type="") == 1
    assert metrics("gen_ai_client_token_usage_sum", **model, **INPUT) == 4
    assert metrics("gen_ai_client_operation_time_to_first_chunk_seconds_count", **model) == 1


def test_without_the_model_the_concierge_apologizes(failing_client):
    vitals = apivitals.instrument(failing_client.app)
    answer = failing_client.post("/concierge", json={"text": "Hello?"})
    assert answer.status_code == 200
    assert answer.text.startswith("Excuse me")
    assert samples(vitals.metrics()).value(CALLS, feature="concierge", error_type="429") >= 1
    vitals.uninstrument()


def test_a_completion_counts_its_tokens():
    with Visitor(partner.app) as visitor:
        body = visitor.post("/v1/chat/completions", json=completion(max_tokens=7)).json()
    assert len(body["choices"][0]["message"]["content"].split()) == 7
    assert body["usage"] == {"prompt_tokens": 4, "completion_tokens": 7}


def test_a_streamed_completion_says_the_same_in_events():
    with Visitor(partner.app) as visitor:
        whole = visitor.post("/v1/chat/completions", json=completion(max_tokens=7)).json()
        answer = visitor.post("/v1/chat/completions", json=completion(max_tokens=7, stream=True))
    assert answer.headers["content-type"].startswith("text/event-stream")
    *events, done, rest = answer.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    *words, usage = [json.loads(event.removeprefix("data: ")) for event in events]
    said = "".join(event["choices"][0]["delta"]["content"] for event in words)
    assert said.split() == whole["choices"][0]["message"]["content"].split()
    assert usage["usage"] == whole["usage"]


def test_an_unknown_model_is_404():
    with Visitor(partner.app) as visitor:
        assert visitor.post("/v1/chat/completions", json=completion(model="story-giant")).status_code == 404


def test_the_partner_fails_on_a_fixed_share_of_the_completions(monkeypatch):
    monkeypatch.undo()
    with Visitor(partner.app) as visitor:
        answers = [visitor.post("/v1/chat/completions", json=completion(max_tokens=1)) for _ in range(50)]
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(429) == 5
    assert statuses.count(500) == 2
    assert statuses.count(200) == 43


def test_the_model_says_the_same_to_the_same_prompt_and_else_something_else():
    model = LanguageModel(Size(width=64, layers=2))
    one, same, other = (" ".join(model.answer(prompt, 30)) for prompt in ("Tell me", "Tell me", "Tell us more"))
    assert one == same != other
    assert len(set(one.split())) > 5


def test_an_empty_prompt_is_answered_too():
    assert len(list(LanguageModel(Size(width=16, layers=1)).answer("", 3))) == 3
