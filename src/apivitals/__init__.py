"""Vital signs of a FastAPI service: response time, latency, throughput and where the time went, in one line.

import apivitals

apivitals.instrument(app)
"""

from apivitals.alerts.alert import Alert, AlertGroup
from apivitals.configuration import SettingsError
from apivitals.export.collector import OperationsCollector
from apivitals.http.priority import priority
from apivitals.instrumentation import Vitals, instrument
from apivitals.operations.cache import cache_hit, cache_miss
from apivitals.operations.inference import inference
from apivitals.operations.track import record, track
from apivitals.settings import Settings
from apivitals.version import __version__

__all__ = [
    "Alert",
    "AlertGroup",
    "OperationsCollector",
    "Settings",
    "SettingsError",
    "Vitals",
    "__version__",
    "cache_hit",
    "cache_miss",
    "inference",
    "instrument",
    "priority",
    "record",
    "track",
]
