"""The services in examples/: each is started as its docstring says, visited, and shows what it is about."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.databases import redis
from tests.support.exposition import Samples, samples
from tests.support.plain_http import get, request
from tests.support.servers import ROOT, Server, eventually, uvicorn

for needed in ("fastapi", "numpy", "httpx", "aiosqlite", "redis", "sqlalchemy"):
    pytest.importorskip(needed)

EXAMPLES = ROOT / "examples"
CALLS = "apivitals_http_server_component_calls"
SECONDS = "apivitals_http_server_component_duration_seconds"
RESPONSE_TIME = "http_server_request_duration_seconds"
OPERATION = "apivitals_operation_duration_seconds"
ITEMS = "apivitals_operation_items_total"
ERRORS = "apivitals_internal_errors_total"


@contextmanager
def example(name: str, **env: str) -> Iterator[Server]:
    with uvicorn(f"{name}:app", "--app-dir=examples", env=env) as server:
        yield server
        assert page(server).value(ERRORS) == 0


def page(server: Server) -> Samples:
    return samples(get(f"{server.url}/metrics").body)


def post(server: Server, path: str, body: Any) -> tuple[int, str]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = request("POST", f"{server.url}{path}", content, {"content-type": "application/json"})
    return answer.status, answer.body.decode()


def test_the_docstrings_say_how_to_start_them():
    listed = (EXAMPLES / "README.md").read_text()
    for path in EXAMPLES.glob("*.py"):
        docstring = path.read_text().split('"""')[1]
        assert f"uvicorn --app-dir examples {path.stem}:app" in docstring or f"python examples/{path.name}" in docstring
        assert f"]({path.name})" in listed


def test_models_are_told_apart_and_their_tokens_counted():
    with example("ai_inference") as server:
        assert post(server, "/chat", {"text": "where do whales sleep"}) == (200, "sleep whales do where ")
        assert post(server, "/chat", {"text": "one two"}) == (200, "two one ")
        assert post(server, "/chat", {"text": "overload"})[0] == 502
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: post(server, "/similar", {"text": "a fast car"}), range(12)))
        assert {json.loads(body)["title"] for _, body in answers} == {"a fast red car"}
        shown = page(server)
        # The played provider is excluded: its routes are in nobody's way
        assert shown.label_values(f"{RESPONSE_TIME}_count", "http_route") == {"/chat", "/similar"}
    chat = {"gen_ai_provider_name": "example", "gen_ai_request_model": "storyteller-1", "feature": "chat"}
    search = {"gen_ai_provider_name": "local", "gen_ai_operation_name": "embeddings", "feature": "search"}
    calls = "gen_ai_client_operation_duration_seconds_count"
    assert shown.value(calls, error_type="", **chat) == 2
    assert shown.value(calls, error_type="503", **chat) == 1
    assert shown.value(calls, error_type="", **search) == 12
    assert shown.value("gen_ai_client_operation_time_to_first_chunk_seconds_count", **chat) == 2
    tokens = {
        (sample.labels["feature"], sample.labels["gen_ai_token_type"]): sample.value
        for sample in shown.series("gen_ai_client_token_usage_sum")
    }
    assert tokens == {("chat", "input"): 4 + 2, ("chat", "output"): 4 + 2, ("search", "input"): 12 * 3}
    # All twelve were in batches, and each waited for its own
    assert of(shown, ITEMS, "embed_batch") == 12
    assert 2 <= of(shown, f"{OPERATION}_count", "embed_batch") <= 12
    assert shown.value(f"{CALLS}_sum", http_route="/similar", component="model_queue") == 12
    assert shown.value(f"{CALLS}_sum", http_route="/similar", component="gen_ai") == 12
    # The HTTP call to the provider is a detail of the model's
    assert shown.value(f"{CALLS}_sum", http_route="/chat", component="gen_ai") == 3
    assert not shown.has(f"{CALLS}_sum", http_route="/chat", component="external")
    assert shown.value(f"{SECONDS}_sum", http_route="/chat", component="gen_ai") > 0.5 * 6 * 0.01
    adds_up(shown, "/chat")
    adds_up(shown, "/similar")


def test_frames_are_counted_in_the_background_and_in_the_request():
    width, height, frames = 64, 36, 24
    dark, bright = (bytes([level]) * (width * height * frames // 2) for level in (10, 200))
    with example("video_processing") as server:
        sizes = f"?width={width}&height={height}"
        status, body = post(server, f"/videos{sizes}", dark + bright)
        assert (status, json.loads(body)) == (202, {"job": 1, "frames": frames})
        job: dict[str, Any] = {}

        def is_done() -> bool:
            job.update(json.loads(get(f"{server.url}/videos/1").body))
            return bool(job["state"] == "done")

        eventually(is_done, f"the job: {job}")
        assert job == {"frames": frames, "done": frames, "state": "done", "scenes": 2}
        assert not page(server).has(f"{SECONDS}_sum", http_route="/videos", component="video")

        status, body = post(server, f"/posters{sizes}", dark + bright)
        assert json.loads(body) == {"frame": frames // 2, "brightness": pytest.approx(200 / 255)}
        assert post(server, f"/posters{sizes}", b"half a frame")[0] == 422
        shown = page(server)
    assert of(shown, ITEMS, "shrink") == 2 * frames
    assert of(shown, f"{OPERATION}_count", "shrink") == frames / 8 + 1
    assert of(shown, ITEMS, "find_scenes") == frames
    assert of(shown, f"{OPERATION}_sum", "find_scenes") > 0
    assert of(shown, f"{OPERATION}_count", "video_job") == 1
    assert shown.value(f"{CALLS}_sum", http_route="/posters", component="video") == 1
    uploaded = shown.value("http_server_request_body_size_bytes_sum", http_route="/videos")
    assert uploaded == width * height * frames
    adds_up(shown, "/posters")


def test_a_query_for_each_author_shows_beside_one_for_all():
    with redis() as cache, example("sqlalchemy_redis", REDIS_URL=f"redis://127.0.0.1:{cache.port}") as server:
        for _ in range(2):
            whole, one_by_one = get(f"{server.url}/authors"), get(f"{server.url}/authors/one-by-one")
            assert json.loads(whole.body) == json.loads(one_by_one.body)
        assert json.loads(get(f"{server.url}/books/7").body) == {"title": "Volume 2", "author": "Author 1"}
        assert json.loads(get(f"{server.url}/books/7").body) == {"title": "Volume 2", "author": "Author 1"}
        assert get(f"{server.url}/books/999").status == 404
        shown = page(server)

    def per_request(route: str, component: str) -> float:
        requests = shown.value(f"{RESPONSE_TIME}_count", http_route=route)
        return shown.value(f"{CALLS}_sum", http_route=route, component=component) / requests

    assert per_request("/authors", "database") == 1
    assert per_request("/authors/one-by-one", "database") == 1 + 30
    # Two of the three were not there, one of which was put there
    assert per_request("/books/{number}", "cache") == (2 + 1 + 1) / 3
    assert per_request("/books/{number}", "database") == 2 / 3
    for name in ("books", "redis"):
        assert shown.value("apivitals_cache_requests_total", cache=name, result="hit") == 1
        assert shown.value("apivitals_cache_requests_total", cache=name, result="miss") == 2
    for route in ("/authors", "/authors/one-by-one", "/books/{number}"):
        adds_up(shown, route)


def of(shown: Samples, metric: str, operation: str) -> float:
    """What an operation has, by its label `name`."""
    return sum(sample.value for sample in shown.series(metric) if sample.labels["name"] == operation)


def adds_up(shown: Samples, route: str) -> None:
    parts = shown.value(f"{SECONDS}_sum", http_route=route)
    assert parts == pytest.approx(shown.value(f"{RESPONSE_TIME}_sum", http_route=route))
