"""The request path's own metric memory: series bound once, each a few doubles in a flat block."""

from apivitals.store.instruments import Counter, CounterSeries, Gauge, GaugeSeries, Histogram, HistogramSeries
from apivitals.store.store import Store

__all__ = ["Counter", "CounterSeries", "Gauge", "GaugeSeries", "Histogram", "HistogramSeries", "Store"]
