"""The app as it is."""

from benchmarks.subject import Subject, build_app


def build(routes: int) -> Subject:
    """Make the app without telemetry."""
    return Subject(build_app(routes))
