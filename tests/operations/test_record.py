"""`record()` takes what was timed elsewhere."""

import time
from decimal import Decimal
from fractions import Fraction

import pytest

from apivitals.operations.track import record
from tests.operations.recorded import DURATION, ITEMS


def test_duration_items_and_outcome(recorded):
    record("render", 1.5, component="video", items=30)
    record("render", 2, component="video", error_type="Timeout")
    assert recorded.histogram(DURATION) == {
        ("render", "video", ""): (1, 1.5),
        ("render", "video", "Timeout"): (1, 2.0),
    }
    assert recorded.counter(ITEMS) == {("render", "video"): 30.0}


@pytest.mark.parametrize("seconds", [Decimal("0.5"), Fraction(1, 2), 0.5])
def test_numbers_of_any_type(recorded, seconds):
    record("render", seconds)
    assert recorded.histogram(DURATION) == {("render", "render", ""): (1, 0.5)}


def test_nothing_is_a_duration_too(recorded):
    record("render", 0)
    assert recorded.histogram(DURATION) == {("render", "render", ""): (1, 0.0)}
    assert recorded.counter(ITEMS) == {}


def test_the_span_ends_now_and_lasted_as_long(recorded, spans):
    before = time.time_ns()
    record("render", 1.5, component="video", items=30, error_type="Timeout")
    after = time.time_ns()
    span = spans()["render"]
    assert before <= span.start_time + 1_500_000_000 <= span.end_time <= after
    assert dict(span.attributes) == {
        "apivitals.operation.component": "video",
        "apivitals.operation.items": 30.0,
        "error.type": "Timeout",
    }
    assert not span.status.is_ok
    assert recorded.trace_ids() == {f"{span.context.trace_id:032x}"}
