"""What operations have recorded, for tests to look things up in."""

from typing import Any, NamedTuple

from apivitals.breakdown.current import CURRENT
from apivitals.errors import ErrorLog
from apivitals.store import Store
from tests.support.families import distributions, numbers

DURATION = "apivitals_operation_duration_seconds"
ITEMS = "apivitals_operation_items_total"
CACHE = "apivitals_cache_requests_total"
MODEL_DURATION = "gen_ai_client_operation_duration_seconds"
FIRST_CHUNK = "gen_ai_client_operation_time_to_first_chunk_seconds"
TOKENS = "gen_ai_client_token_usage"


def here() -> Any:
    """Return the innermost interval around the running code."""
    return CURRENT.get()


class Observed(NamedTuple):
    """Observations of one series."""

    observations: int
    sum: float


class Recorded:
    """What operations have recorded in one test."""

    def __init__(self) -> None:
        self.store = Store()
        self.errors = ErrorLog()
        self.expected_errors = 0

    def histogram(self, name: str) -> dict[tuple[str, ...], Observed]:
        """Every series of a histogram, by its label values."""
        found = distributions(self.store.collect())
        return {key[1:]: Observed(int(sum(d.counts)), d.sum) for key, d in found.items() if key[0] == name}

    def counter(self, name: str) -> dict[tuple[str, ...], float]:
        """Every series of a counter, by its label values."""
        return {key[1:]: value for key, value in numbers(self.store.collect()).items() if key[0] == name}

    def counts(self, name: str = DURATION) -> dict[tuple[str, ...], int]:
        """How many observations each series of a histogram has."""
        return {labels: observed.observations for labels, observed in self.histogram(name).items()}

    def trace_ids(self, name: str = DURATION) -> set[str]:
        """The traces that a histogram's exemplars point to."""
        found = distributions(self.store.collect())
        return {e.trace_id for key, d in found.items() if key[0] == name for e in d.exemplars.values()}
