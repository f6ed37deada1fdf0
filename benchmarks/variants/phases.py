"""apivitals without its sources: the metrics of requests, and their time by phase."""

from typing import get_args

from apivitals.setting_values import SourceName
from benchmarks.subject import Subject
from benchmarks.variants import defaults


def build(routes: int) -> Subject:
    """Make the app with every source switched off."""
    return defaults.build(routes, disabled_sources=get_args(SourceName))
