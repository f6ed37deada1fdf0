"""The workers of one service, when a server runs several: there only then."""

from __future__ import annotations

from apivitals.catalog.metric import Kind, Metric

WORKER = "worker"
"""The slot of a worker, 0 and up; whoever replaces it has it again."""

LIVING = Metric(
    "apivitals.workers", Kind.GAUGE, "{worker}", "Workers of the service that live, and share what they count."
)
ENDED = Metric(
    "apivitals.workers.ended", Kind.COUNTER, "{worker}", "Workers that have ended; their counts stay in the sums."
)
SNAPSHOT_AGE = Metric(
    "apivitals.worker.snapshot.age",
    Kind.GAUGE,
    "s",
    "Age of what is shown of another worker that it has to find out itself: its vitals, and metrics that others made.",
    (WORKER, "part"),
)
