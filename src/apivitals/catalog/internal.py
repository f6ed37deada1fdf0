"""The instrumentation's own health, and what it runs in."""

from __future__ import annotations

from apivitals.catalog.metric import Kind, Metric

_RENDER_BOUNDS_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

SERIES = Metric("apivitals.internal.series", Kind.GAUGE, "{series}", "Series held, by metric.", ("metric",))
DROPPED = Metric(
    "apivitals.internal.dropped_label_sets",
    Kind.COUNTER,
    "{observation}",
    'Observations whose label set was past the series limit and which were counted under otel_metric_overflow="true".',
    ("metric",),
)
ERRORS = Metric(
    "apivitals.internal.errors",
    Kind.COUNTER,
    "{error}",
    "Errors of the instrumentation itself, each caught and logged; the requests went on.",
    ("operation",),
)
RENDER_DURATION = Metric(
    "apivitals.internal.render.duration",
    Kind.HISTOGRAM,
    "s",
    "Time taken to render this page, the event loop's other work included.",
    (),
    _RENDER_BOUNDS_SECONDS,
)
TARGET_INFO = Metric("target", Kind.INFO, "", "The OpenTelemetry resource that these metrics describe.")
BUILD_INFO = Metric(
    "apivitals.build_info",
    Kind.GAUGE,
    "",
    "Versions of apivitals and of what it runs on.",
    ("version", "python.version", "python.implementation", "fastapi.version", "starlette.version"),
)
