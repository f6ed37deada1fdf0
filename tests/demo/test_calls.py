"""What two scrapes say about tracked operations, caches and AI models, against values computed by hand."""

import math

import pytest

from apivitals import catalog
from apivitals.demo import breakdown, inference, operations
from apivitals.demo.between import Between
from apivitals.demo.inference import Model, read_inference
from apivitals.demo.operations import CacheVitals, Operation, read_caches, read_operations
from apivitals.demo.scrape import Scrape
from tests.demo.shop_text import earlier, later


@pytest.fixture
def between():
    return Between(earlier(), later())


def test_an_operation_has_its_runs_items_and_failures(between):
    (thumbnails,) = read_operations(between).values()
    assert list(read_operations(between)) == [Operation("thumbnails", "video")]
    assert thumbnails.runs_per_second == pytest.approx(2.5)
    assert thumbnails.items_per_second == pytest.approx(48)
    assert thumbnails.failures_per_second == pytest.approx({"shop.frames.DamagedClipError": 0.5})
    # Of 25, 15 are at or below 50 ms and 10 more below 100 ms; the 23.75th is 8.75 tenths of the way.
    assert thumbnails.duration_p95_seconds == pytest.approx(0.05 + 0.05 * 0.875)


def test_a_cache_has_its_hits_and_misses(between):
    assert read_caches(between) == {"lists": CacheVitals(0.6, 0.2), "synopses": CacheVitals(0, 0.5)}
    assert read_caches(between)["lists"].hit_percent == pytest.approx(75)
    assert math.isnan(CacheVitals().hit_percent)


def test_a_model_has_its_calls_tokens_and_failures(between):
    found = read_inference(between)
    assert list(found) == [Model("partner", "story-large")]
    (story,) = found.values()
    assert story.calls_per_second == pytest.approx(1.2)
    assert story.tokens_per_second == pytest.approx({"input": 8, "output": 48})
    assert story.failures_per_second == pytest.approx({"429": 0.2})
    assert story.duration_p95_seconds == pytest.approx(0.1 + 0.4 * (0.95 * 12 - 2) / 10)
    assert story.first_chunk_p95_seconds == pytest.approx(0.05 * 0.95)


def test_what_is_not_there_is_not_read():
    nothing = Between(Scrape(1), Scrape(2))
    assert not read_operations(nothing)
    assert not read_caches(nothing)
    assert not read_inference(nothing)


def test_the_names_are_those_of_the_catalog():
    assert catalog.breakdown.COMPONENT_DURATION.exposed == breakdown.COMPONENT_TIME
    assert catalog.breakdown.COMPONENT_CALLS.exposed == breakdown.COMPONENT_CALLS
    assert catalog.operation.OPERATION_DURATION.exposed == operations.DURATION
    assert catalog.operation.OPERATION_ITEMS.exposed == operations.ITEMS
    assert catalog.operation.CACHE_REQUESTS.exposed == operations.CACHE
    assert catalog.gen_ai.OPERATION_DURATION.exposed == inference.DURATION
    assert catalog.gen_ai.TIME_TO_FIRST_CHUNK.exposed == inference.FIRST_CHUNK
    assert catalog.gen_ai.TOKEN_USAGE.exposed == inference.TOKENS
