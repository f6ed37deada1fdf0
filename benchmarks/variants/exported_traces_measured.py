"""apivitals beside FastAPI's own traces, with their exemplars and the breakdown on each server span."""

from benchmarks.subject import Subject
from benchmarks.variants import defaults, exported_traces


def build(routes: int) -> Subject:
    """Make that app with the one line."""
    return defaults.build(routes, exported_traces.build(routes).app)
