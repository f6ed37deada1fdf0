"""The request path's own metric memory: series bound once, each a few doubles in a flat block.

What records takes a `Backend`: the `Store`, or a `MeterProviderBackend` in its place.
"""

from apivitals.store.instruments import Counter, CounterSeries, Gauge, GaugeSeries, Histogram, HistogramSeries
from apivitals.store.interface import Adding, Backend, Instrument, Observing
from apivitals.store.memory import Blocks, Declaration, Memory, Place
from apivitals.store.meter_provider import MeterProviderBackend
from apivitals.store.store import Store

__all__ = [
    "Adding",
    "Backend",
    "Blocks",
    "Counter",
    "CounterSeries",
    "Declaration",
    "Gauge",
    "GaugeSeries",
    "Histogram",
    "HistogramSeries",
    "Instrument",
    "Memory",
    "MeterProviderBackend",
    "Observing",
    "Place",
    "Store",
]
