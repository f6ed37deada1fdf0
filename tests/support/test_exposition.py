"""Looking things up on a page."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from tests.support.exposition import samples


@pytest.fixture(params=[generate_latest, generate_openmetrics])
def page(request):
    registry = CollectorRegistry()
    seconds = Histogram("work_seconds", "Work.", ["route", "method"], buckets=[0.5, 1], registry=registry)
    seconds.labels("/a", "GET").observe(0.1)
    seconds.labels("/a", "POST").observe(0.7)
    seconds.labels("/b", "GET").observe(2)
    Counter("errors", "Errors.", registry=registry).inc(3, exemplar={"trace_id": "ab"})
    return samples(request.param(registry))


def test_values_are_summed_over_labels_left_open(page):
    assert page.value("work_seconds_count") == 3
    assert page.value("work_seconds_count", route="/a") == 2
    assert page.value("work_seconds_count", route="/a", method="GET") == 1
    assert page.value("work_seconds_count", route="/nowhere") == 0
    assert not page.has("work_seconds_count", route="/nowhere")
    assert page.value("errors_total") == 3


def test_labels_and_buckets(page):
    assert page.label_values("work_seconds_count", "route") == {"/a", "/b"}
    assert {"route": "/a", "method": "POST"} in page.labels("work_seconds_bucket")
    assert len(page.labels("work_seconds_bucket")) == 3
    assert page.buckets("work_seconds", route="/a") == {"0.5": 1, "1.0": 2, "+Inf": 2}


def test_doubled_sample_is_an_error():
    with pytest.raises(AssertionError, match=r"samples twice on the page: \[\('a', \('b', '1'\)\)\]"):
        samples('# TYPE a gauge\na{b="1"} 1\na{b="1"} 2\n')


def test_doubled_family_is_an_error():
    with pytest.raises(AssertionError, match="families twice"):
        samples("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na 2\n")
