"""Look-ups in caches, by result."""

from apivitals.operations.cache import cache_hit, cache_miss
from apivitals.operations.inference import inference
from tests.operations.recorded import CACHE, MODEL_DURATION


def test_hits_and_misses(recorded):
    cache_hit()
    cache_hit("sessions")
    cache_hit("sessions")
    cache_miss("sessions")
    assert recorded.counter(CACHE) == {("default", "hit"): 1, ("sessions", "hit"): 2, ("sessions", "miss"): 1}


def test_answers_of_models(recorded):
    with inference() as call:
        call.cache_hit()
    with inference(feature="summaries") as call:
        call.cache_miss()
    assert recorded.counter(CACHE) == {("gen_ai", "hit"): 1, ("gen_ai.summaries", "miss"): 1}
    assert recorded.counts(MODEL_DURATION) == {("chat", "", "", "summaries", ""): 1}
