"""The ways to instrument the app that are compared. One module each, with one function `build(routes)`.

A module is imported only in the process that measures it, because some of them set global providers.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import cast

from benchmarks.subject import Subject


@dataclass(frozen=True)
class Variant:
    """A row of the table: its name, its module here, the import that it needs and what installs that.

    What it adds is what it costs more than `base`, which has everything but the telemetry that is measured.
    """

    name: str
    module: str
    needs: str | None = None
    remedy: str = ""
    base: str = "plain"

    def missing(self) -> str | None:
        """Return the line that says why this variant is skipped, or None when it can run."""
        if self.needs is None or _importable(self.needs):
            return None
        return f"skipped: {self.name}: {self.needs} cannot be imported; {self.remedy}"

    def build(self, routes: int) -> Subject:
        """Make the instrumented app."""
        return cast("Subject", import_module(f"{__name__}.{self.module}").build(routes))


def _importable(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


PLAIN = "plain"
CONTROL = "plain (control)"
APIVITALS = "apivitals"
REQUESTS_ONLY = "apivitals (requests only)"
PHASES = "apivitals (phases)"
SPANS, APIVITALS_SPANS = "three spans", "apivitals, three spans"
TRACES, APIVITALS_TRACES = "exported traces", "apivitals, exported traces"
METER_PROVIDER = "apivitals, MeterProvider"
REFERENCE = "prometheus-fastapi-instrumentator"

# What a variant may add, as a ratio to what the reference adds.
TARGETS = {REQUESTS_ONLY: 0.15, APIVITALS: 0.35, APIVITALS_SPANS: 0.35}

_OURS = ("apivitals", "run from the repository with the package installed")
_NATIVE = ("fastapi.telemetry", "it needs FastAPI 0.143 or later")

VARIANTS = {
    variant.name: variant
    for variant in (
        Variant(PLAIN, "plain"),
        # A second plain app: what it seems to add is the noise of the measurement.
        Variant(CONTROL, "plain"),
        Variant(APIVITALS, "defaults", *_OURS),
        Variant(REQUESTS_ONLY, "requests_only", *_OURS),
        Variant(PHASES, "phases", *_OURS),
        Variant(SPANS, "spans"),
        Variant(APIVITALS_SPANS, "spans_measured", *_OURS, base=SPANS),
        Variant(TRACES, "exported_traces", *_NATIVE),
        Variant(APIVITALS_TRACES, "exported_traces_measured", *_OURS, base=TRACES),
        Variant(METER_PROVIDER, "meter_provider", *_OURS),
        Variant(
            REFERENCE,
            "instrumentator",
            "prometheus_fastapi_instrumentator",
            "pip install prometheus-fastapi-instrumentator",
        ),
        Variant("starlette_exporter", "exporter", "starlette_exporter", "pip install starlette_exporter"),
        Variant("FastAPI native metrics", "native_metrics", *_NATIVE),
        Variant("FastAPI native traces", "native_traces", *_NATIVE),
        Variant(
            "opentelemetry-instrumentation-fastapi",
            "contrib",
            "opentelemetry.instrumentation.fastapi",
            "pip install opentelemetry-instrumentation-fastapi",
        ),
    )
}
