"""apivitals without its sources and without the breakdown: the metrics of requests alone."""

from typing import get_args

from apivitals.setting_values import SourceName
from benchmarks.subject import Subject
from benchmarks.variants import defaults


def build(routes: int) -> Subject:
    """Make the app with everything else switched off."""
    return defaults.build(routes, disabled_sources=get_args(SourceName), breakdown=False)
