"""An instrumented application, looked at through its own metrics page."""

from typing import Any, get_args

import apivitals
from apivitals.export.prometheus import Format
from apivitals.setting_values import SourceName
from tests.support.exposition import Samples, samples

COUNT = "http_server_request_duration_seconds_count"
SECONDS = "http_server_request_duration_seconds_sum"
FIRST_BYTE_SECONDS = "apivitals_http_server_time_to_first_byte_seconds_sum"
REQUEST_BYTES = "http_server_request_body_size_bytes_sum"
RESPONSE_BYTES = "http_server_response_body_size_bytes_sum"
IN_FLIGHT = "http_server_active_requests"
OLDEST = "apivitals_http_server_active_requests_max_age_seconds"
SOURCES = get_args(SourceName)
ERRORS = "apivitals_internal_errors_total"


class Instrumented:
    """`instrument(app)`, with what it shows at hand. Only our own metrics, unless a setting says otherwise."""

    def __init__(self, app: Any, **settings: Any) -> None:
        self.app = app
        only_ours: Any = {"registries": (), "opentelemetry_metrics": False, "disabled_sources": SOURCES}
        self.vitals = apivitals.instrument(app, **only_ours | settings)

    def page(self, form: Format = Format.TEXT) -> Samples:
        """The metrics page as it is now, parsed."""
        return samples(self.vitals.metrics(form))

    def outcomes(self) -> list[tuple[str, str, str, str, int]]:
        """All requests so far: method, route, status, error type, how many."""
        return sorted(
            (
                sample.labels["http_request_method"],
                sample.labels["http_route"],
                sample.labels["http_response_status_code"],
                sample.labels["error_type"],
                int(sample.value),
            )
            for sample in self.page().series(COUNT)
        )

    def only_outcome(self) -> tuple[str, str, str]:
        """Route, status and error type of the one request so far."""
        ((_, route, status, error, count),) = self.outcomes()
        assert count == 1
        return route, status, error
