"""Vital signs of a FastAPI service: response time, latency, throughput and where the time went, in one line.

import apivitals

apivitals.instrument(app)
"""

from apivitals.configuration import SettingsError
from apivitals.http.priority import priority
from apivitals.instrumentation import Vitals, instrument
from apivitals.settings import Settings
from apivitals.version import __version__

__all__ = ["Settings", "SettingsError", "Vitals", "__version__", "instrument", "priority"]
