"""Garbage collections: counts as CPython has them, pauses as they were."""

import gc
import subprocess
import sys
import time

from apivitals.sources.garbage import GarbageCollector
from apivitals.store import Store
from tests.support.families import distributions, numbers


class Cycle:
    def __init__(self):
        self.itself = self


def test_collections_and_pauses():
    store = Store()
    source = GarbageCollector(store)
    before = numbers(source.collect())
    began = time.perf_counter()
    source.start()
    source.start()
    gc.disable()  # or a young collection takes some first
    try:
        for _ in range(3):
            for _ in range(100):
                Cycle()
            gc.collect()
    finally:
        gc.enable()
        source.stop()
    elapsed = time.perf_counter() - began
    after = numbers(source.collect())
    assert after["cpython_gc_collections_total", "2"] - before["cpython_gc_collections_total", "2"] >= 3
    assert after["cpython_gc_collected_objects_total", "2"] - before["cpython_gc_collected_objects_total", "2"] >= 300
    pauses = distributions(store.collect())["apivitals_gc_pause_seconds", "2"]
    assert sum(pauses.counts) >= 3
    assert 0 < pauses.sum <= elapsed


def test_it_leaves_nothing_behind():
    before = list(gc.callbacks)
    source = GarbageCollector(Store())
    source.start()
    assert len(gc.callbacks) == len(before) + 1
    source.stop()
    source.stop()
    assert gc.callbacks == before


def test_observing_inside_a_collection_does_not_deadlock():
    store = Store()
    source = GarbageCollector(store)
    source.start()
    try:
        with store.lock:
            gc.collect()
    finally:
        source.stop()
    assert any(sum(point.counts) for point in distributions(store.collect()).values())


def test_a_collection_inside_the_sdk_does_not_deadlock():
    """A reader holds locks of the SDK, which are not re-entrant, while it makes objects, and so may collect."""
    code = """if True:
        import gc
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from apivitals.errors import ErrorLog
        from apivitals.sources.garbage import GarbageCollector
        from apivitals.store import MeterProviderBackend

        reader = InMemoryMetricReader()
        source = GarbageCollector(MeterProviderBackend(MeterProvider([reader]), 10, ErrorLog()))
        source.start()
        usual = gc.get_threshold()
        for _ in range(5):
            gc.collect()
            list(source.collect())
            gc.set_threshold(1, 1, 1)
            reader.get_metrics_data()
            gc.set_threshold(*usual)
        source.stop()
        """
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)
