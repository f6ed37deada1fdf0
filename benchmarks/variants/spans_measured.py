"""apivitals over endpoints that make three client spans each."""

from benchmarks.subject import Subject
from benchmarks.variants import defaults, spans


def build(routes: int) -> Subject:
    """Make that app with the one line."""
    return defaults.build(routes, spans.build(routes).app)
